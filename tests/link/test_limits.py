"""What is too large, too fast, too many or guessed is cut off with a reason, and touches nobody else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.linkclient import LinkClient, clients
from support.linkhouse import LinkHouse, link_house

from engine.centres.desk import AgentState
from engine.centres.events import AgentEvent, Code
from engine.centres.sessions import Sessions
from engine.clock import run_virtual
from engine.server.link.limits import (
    BAN,
    GUESSES_OF_ADDRESS,
    MOST_NOT_OPEN,
    RATE,
    WITHIN,
    Bucket,
    Guesses,
    source,
)
from engine.server.link.link import VERIFIED_AT_ONCE


@asynccontextmanager
async def beside_an_agent(root: Path) -> AsyncIterator[tuple[LinkHouse, LinkClient]]:
    """At the end, the agent who has been there all the time takes a call."""
    async with link_house(root) as house, clients(house.port) as (agent,):
        await agent.log_in("1")
        yield house, agent
        house.driver.call("32", "1")
        agent.send(type="accept", call=(await agent.got(event="P"))["call"])
        await agent.got(type="state", state="on_call")


async def test_a_line_too_long(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 2) as (one, other):
        one.raw(b'{"type":"pong","x":"'.ljust(16382, b"x") + b'"}\n')
        await one.got(type="error", error="bad_request")
        one.raw(b"x" * 16385 + b"\n")
        other.raw(b"x" * 16385)
        for client in (one, other):
            await client.got(type="error", error="too_large")
            await client.over()


async def test_requests_too_fast(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 2) as (fast, agent):
        for client in (fast, agent):
            if client is agent:
                await client.log_in("2")
            for _ in range(60):
                client.send(type="reject", call="x")
            await client.got(type="error", error="too_fast")
            await client.over()
        desk = house.services.centres.desk("2")
        assert (desk.state, desk.logged_in) == (AgentState.LOGGED_OUT, True)


async def test_connections_that_do_not_log_in(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _):
        async with clients(house.port, MOST_NOT_OPEN) as waiting:
            one_more = await LinkClient.connect(house.port)
            await one_more.got(type="error", error="too_many")
            await one_more.over()
            await one_more.close()
            await waiting[0].log_in("2")
            async with clients(house.port):
                pass
        await until(lambda: house.agents.link.connections == 1)
        async with clients(house.port, MOST_NOT_OPEN):
            pass


async def test_connections_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.server.link.limits.MOST", 3)
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 2):
        refused = await LinkClient.connect(house.port)
        await refused.got(type="error", error="too_many")
        await refused.close()


async def test_a_code_that_is_guessed_ten_times_is_banned_there_and_others_are_not(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 3) as (guesser, other, colleague):
        for number in range(10):
            guesser.send(type="open", protocol=1, code="2", password=f"guess{number}")
            await guesser.got(event="B")
        await guesser.got(type="error", error="banned")
        other.send(type="open", protocol=1, code="2", password="secret")
        await other.got(type="error", error="banned")
        for client in (guesser, other):
            await client.over()
        await colleague.log_in("3")


async def test_who_has_proved_who_they_are_may_err_again(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house:
        for _ in range(2):
            async with clients(house.port) as (agent,):
                for _ in range(9):
                    agent.send(type="open", protocol=1, code="1", password="slip")
                    await agent.got(event="B")
                await agent.log_in("1")


async def test_who_has_a_ticket_does_not_suffer_from_guesses_of_their_password(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (browser,):
        for _ in range(10):
            house.agents.link.guesses.failed("127.0.0.1", "1")
        browser.send(type="open", protocol=1, ticket=house.agents.link.tickets.issue("1"))
        await browser.got(event="A")


async def test_who_does_not_wait_for_the_answer_has_guessed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, 0

    def slow(*_: object) -> bool:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.02)
        at_once -= 1
        return False

    monkeypatch.setattr("engine.centres.sessions._right", slow)
    async with link_house(tmp_path) as house:
        link = house.agents.link
        for code, patience in [("3", False)] * 10 + [("2", True)] * 11:
            client = await LinkClient.connect(house.port)
            client.send(type="open", protocol=1, code=code, password="guess")
            await client.got(type="ok" if not link.guesses.banned("127.0.0.1", code) else "error")
            await client.close()
            if patience:
                await until(lambda: not link.openings)
        assert link.guesses.banned("127.0.0.1", "2")
        assert most == VERIFIED_AT_ONCE
    assert not house.agents.link.connections


async def test_who_guesses_a_hundred_times_is_banned_and_who_is_logged_in_stays(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 2) as (guesser, other):
        for number in range(99):
            house.agents.link.guesses.failed("127.0.0.1", f"guess{number}")
        guesser.send(type="open", protocol=1, code="none", password="secret")
        await guesser.got(event="U")
        await guesser.got(type="error", error="banned")
        other.send(type="open", protocol=1, code="2", password="secret")
        await other.got(type="error", error="banned")
        banned = await LinkClient.connect(house.port)
        await banned.got(type="error", error="banned")
        for client in (guesser, other, banned):
            await client.over()
        await banned.close()


async def test_who_sends_an_octet_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.server.link.connection.OPEN_WITHIN", 0.3)
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port) as (slow,):
        for octet in b'{"type":"open"':
            slow.raw(bytes([octet]))
            await asyncio.sleep(0.03)
        await slow.got(type="error", error="timeout")
        await slow.over()


async def test_who_does_not_read(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port) as (deaf,):
        await deaf.log_in("2")
        deaf.pause()
        desk = house.services.centres.desk("2")
        async with asyncio.timeout(5):
            while desk.session is not None:
                desk.session.send(AgentEvent(Code.SHOW, variables={"x": "x" * 200_000}))
                await asyncio.sleep(0)
        assert desk.state is AgentState.LOGGED_OUT


async def test_a_version_that_is_not_spoken_here(tmp_path: Path) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port) as (client,):
        client.send(type="open", protocol=2, code="2", password="secret")
        await client.got(type="error", error="protocol")
        await client.over()


async def test_a_failure_of_ours_concerns_one_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.centres.session.AgentSession.reject", fail)
    monkeypatch.setattr("engine.centres.sessions.Sessions._desk_of", dies_for("3", Sessions._desk_of))
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 2) as (one, other):
        await one.log_in("2")
        one.send(type="reject", call="x")
        other.send(type="open", protocol=1, code="3", password="secret")
        for client in (one, other):
            await client.got(type="error", error="internal")
            await client.over()
    assert "ZeroDivisionError" in caplog.text


def dies_for(agent: str, real: Callable[..., Any]) -> Callable[..., Any]:
    async def desk_of(self: Sessions, code: str, *rest: Any) -> Any:
        if code == agent:
            raise ZeroDivisionError
        return await real(self, code, *rest)

    return desk_of


async def test_a_cut_is_a_line_in_the_log_and_many_are_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with beside_an_agent(tmp_path) as (house, _), clients(house.port, 9) as many:
        with caplog.at_level(logging.WARNING, "flowctl.link"):
            for client in many:
                client.raw(b"x" * 20_000)
                await client.over()
    (record,) = caplog.records
    assert record.getMessage() == ("agent link: cut off (too_large): 127.0.0.1: a line has 16384 bytes at most")


def test_guesses_are_forgotten_after_ten_minutes_and_so_is_the_ban() -> None:
    now = 0.0
    guesses = Guesses(lambda: now)
    for _ in range(9):
        guesses.failed("192.0.2.1", "1")
    now = WITHIN
    guesses.failed("192.0.2.1", "1")
    assert not guesses.banned("192.0.2.1", "1")
    for _ in range(9):
        guesses.failed("192.0.2.1", "1")
    assert guesses.banned("192.0.2.1", "1")
    assert not guesses.banned("192.0.2.1", "2")
    assert not guesses.banned("192.0.2.2", "1")
    now += BAN
    assert not guesses.banned("192.0.2.1", "1")
    for number in range(GUESSES_OF_ADDRESS):
        assert not guesses.banned("192.0.2.1", "2")
        guesses.failed("192.0.2.1", f"guess{number}")
    assert guesses.banned("192.0.2.1", "2")
    now += BAN
    assert not guesses.banned("192.0.2.1", "2")


def test_an_address_is_known_however_it_is_written() -> None:
    assert source("::ffff:192.0.2.1") == source("192.0.2.1") == "192.0.2.1"
    assert source("2001:db8::1") == source("2001:db8::2") != source("2001:db8:0:1::1")
    assert source("fe80::1%eth0") == source("fe80::2")


def test_a_steady_rate_passes_for_ever() -> None:
    async def steady() -> None:
        loop = asyncio.get_running_loop()
        bucket = Bucket(loop.time)
        for _ in range(1000):
            assert bucket.take()
            await asyncio.sleep(1.01 / RATE)

    run_virtual(steady)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)
