"""The agent link over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.webhouse import PARIS, WebHouse, web_house
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from engine.server.link.limits import MOST_NOT_OPEN
from engine.server.web import socket as web_socket


@asynccontextmanager
async def socket(house: WebHouse, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{house.web.address}/agent-link", proxy=None, **options) as connection:
        yield connection


async def got(connection: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The next message with these values; pings are answered, others passed over."""
    async with asyncio.timeout(8):
        while True:
            message: dict[str, Any] = json.loads(await connection.recv())
            if message["type"] == "ping":
                await say(connection, type="pong")
            if wanted.items() <= message.items():
                return message


async def say(connection: ClientConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def test_a_ticket_opens_a_session_once_and_the_agent_calls_a_number(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        answer = await client.post("/api/v1/agents/201/ticket", json={"password": "secret"})
        ticket = answer.json()["ticket"]
        origin = f"http://{house.web.address}"
        async with socket(house, origin=origin) as anne, socket(house) as thief:
            await got(anne, type="hello", protocol=1)
            await say(anne, type="open", protocol=1, ticket=ticket)
            await got(anne, type="event", event="A")
            await say(thief, type="open", protocol=1, ticket=ticket)
            await got(thief, type="event", event="B")
            await say(anne, type="call", number=PARIS)
            await got(anne, type="event", event="C")
            house.parties[1].hang_up()
            await got(anne, type="event", event="T")
            await say(anne, type="close", id=7)
            await got(anne, type="ok", id=7)
            with pytest.raises(ConnectionClosed):
                await got(anne, type="never")
        desk = house.services.centres.desk("201")
        assert desk is not None
        assert desk.session is None


async def test_a_page_of_another_site_is_not_let_in(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, _):
        for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(InvalidStatus) as refused:
                async with socket(house, origin=origin):
                    pass
            assert refused.value.response.status_code == 403


async def test_what_is_no_request_is_answered_and_what_is_too_long_ends_it(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, _), socket(house) as anne:
        for frame in ("{", b"\xff\xfe", "[]", ""):
            await anne.send(frame)
            await got(anne, type="error", error="bad_request")
        await anne.send("x" * 17_000)
        await got(anne, type="error", error="too_large")
        with pytest.raises(ConnectionClosed):
            await got(anne, type="never")
        assert house.agents.link.connections == 0


async def test_a_frame_beyond_measure_ends_the_connection_alone(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        async with socket(house) as anne:
            with pytest.raises(ConnectionClosed):
                await anne.send("x" * 1_000_000)
                await got(anne, type="never")
        assert (await client.get("/api/v1/openapi.json")).status_code == 200


async def test_a_client_that_is_cut_off_is_noticed_and_one_that_is_banned_is_told(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, _):
        async with socket(house) as anne:
            await got(anne, type="hello")
            assert house.agents.link.connections == 1
            anne.transport.abort()
        async with asyncio.timeout(5):
            while house.agents.link.connections:
                await asyncio.sleep(0.02)
        for number in range(100):
            house.agents.link.guesses.failed("127.0.0.1", f"guess{number}")
        async with socket(house) as anne:
            await got(anne, type="error", error="banned")


async def test_a_client_that_reads_nothing_is_cut_off(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        answer = await client.post("/api/v1/agents/201/ticket", json={"password": "secret"})
        async with socket(house) as anne:
            await say(anne, type="open", protocol=1, ticket=answer.json()["ticket"])
            await got(anne, type="event", event="A")
            anne.transport.pause_reading()
            desk = house.services.centres.desk("201")
            assert desk is not None
            async with asyncio.timeout(8):
                while house.agents.link.connections:
                    for number in range(20):
                        desk.disturb("x" * 10_000 + str(number))
                    await asyncio.sleep(0.01)
            anne.transport.abort()


async def opened(house: WebHouse) -> asyncio.Transport:
    """A client that neither reads nor closes, once it has been let in or turned away."""
    connection = await connect(f"ws://{house.web.address}/agent-link", proxy=None)
    connection.transport.pause_reading()
    return connection.transport


def sockets(house: WebHouse) -> int:
    assert house.web._server is not None
    return len(house.web._server.server_state.connections)


async def test_who_is_turned_away_and_does_not_close_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "FAREWELL", 0.3)
    monkeypatch.setattr(web_socket, "MOST_TURNED_AWAY", 5)
    async with web_house(tmp_path) as (house, _):
        clients = [await opened(house) for _ in range(MOST_NOT_OPEN)]
        for _ in range(20):
            with suppress(InvalidMessage, ConnectionError):
                clients.append(await opened(house))
            assert sockets(house) <= MOST_NOT_OPEN + 6
        async with asyncio.timeout(5):
            while sockets(house) > MOST_NOT_OPEN:
                await asyncio.sleep(0.02)
        assert house.agents.link.connections == MOST_NOT_OPEN
        for client in clients:
            client.abort()


async def test_who_is_cut_off_and_does_not_close_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_socket, "FAREWELL", 0.2)
    async with web_house(tmp_path) as (house, _), socket(house) as client:
        client.transport.pause_reading()
        for _ in range(41):
            await client.send("{}")
        async with asyncio.timeout(3):
            while sockets(house):
                await asyncio.sleep(0.02)
        client.transport.abort()


@pytest.mark.parametrize("head", [b"\x89\xfd", b"\x8a\xfd", b"\x00\xfd"], ids=["ping", "pong", "piece"])
async def test_frames_without_lines_are_counted(tmp_path: Path, head: bytes) -> None:
    async with web_house(tmp_path) as (house, _), socket(house) as client:
        await got(client, type="hello")
        frame = head + bytes(4) + b"x" * 125
        begin = b"\x01\x80" + bytes(4) if head[0] == 0 else b""
        client.transport.write(begin + frame * 30)
        await asyncio.sleep(0.1)
        assert house.agents.link.connections == 1
        client.transport.write(frame * 30)
        async with asyncio.timeout(3):
            while house.agents.link.connections:
                await asyncio.sleep(0.02)
        client.transport.abort()


async def test_agents_are_told_when_the_server_stops(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, _), socket(house) as anne:
        await got(anne, type="hello")
        await house.agents.stop()
        await got(anne, type="error", error="stopping")
        with pytest.raises(ConnectionClosed):
            await got(anne, type="never")
