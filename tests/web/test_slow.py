"""Clients that are slow, many, or speak no HTTP."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from support.webhouse import PARIS, web_house

from engine.server.web import guard, http, listener


async def said(port: int, *parts: bytes) -> bytes:
    """Send the parts, and read until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEADERS_WITHIN", 0.3)
    monkeypatch.setattr(guard, "SECONDS", 0.3)


@pytest.mark.usefixtures("hasty")
async def test_headers_that_do_not_come_end_the_connection(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        silent = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert await asyncio.gather(*(said(house.port, part) for part in silent)) == [b""] * 3
        # The second request of a connection, too.
        first = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = await said(house.port, first + b"GET / HT")
        assert answer.count(b"HTTP/1.1") == 1
        assert (await client.get("/")).status_code == 404


@pytest.mark.usefixtures("hasty")
async def test_a_body_that_does_not_come_is_answered(tmp_path: Path) -> None:
    async with web_house(tmp_path, allow=["127.0.0.1/32"]) as (house, _):
        head = b"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        answer = await said(house.port, head + b"Content-Length: 50\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408")


async def test_an_answer_does_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, _):
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        async with asyncio.timeout(5):
            while not house.web._server.server_state.connections:
                await asyncio.sleep(0.01)
        (connection,) = house.web._server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


async def test_a_body_in_pieces_without_end_is_cut_off(tmp_path: Path) -> None:
    async with web_house(tmp_path, allow=["127.0.0.1/32"]) as (house, _):
        head = b"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = await said(house.port, head, *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 40)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


async def test_what_is_no_http_and_too_many_connections_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST_OF_ONE", 5)
    async with web_house(tmp_path, allow=["127.0.0.1/32"]) as (house, client):
        for junk in (
            b"\x16\x03\x01\x02",
            b"INVITE sip:x SIP/2.0\r\n\r\n",
            b"\r\n\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            assert b" 200 " not in await said(house.port, junk + b"\r\n\r\n")
        old = await said(house.port, b"GET /?CALL&999&27&1 HTTP/1.0\r\n\r\n")
        assert old.startswith(b"HTTP/1.1 404")
        assert b"no agent has the code 999" in old
        held = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(20)]
        async with asyncio.timeout(5):
            closed = await asyncio.gather(*(reader.read() for reader, _ in held[5:]), return_exceptions=True)
        assert len(closed) == 15
        for _, writer in held:
            writer.close()
            await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})
        async with asyncio.timeout(5):
            while http.Patience._open:
                await asyncio.sleep(0.02)
        assert (await client.get(f"/?CALL&201&&{PARIS}")).status_code == 200


async def test_who_does_not_finish_the_tls_handshake_is_counted_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HANDSHAKE", 0.5)
    monkeypatch.setattr(listener, "MOST_OF_ONE", 5)
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    command += ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    trusting = await asyncio.to_thread(ssl.create_default_context, cafile=tmp_path / "cert.pem")
    tls = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    async with web_house(tmp_path, tls=tls) as (house, _):
        answers = [asyncio.create_task(said(house.port)) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert not any(answer.done() for answer in answers)
        assert await asyncio.wait_for(said(house.port), 0.3) == b""
        assert await asyncio.wait_for(asyncio.gather(*answers), 3) == [b""] * 5
        async with httpx.AsyncClient(
            base_url=f"https://{house.web.address}", verify=trusting, trust_env=False
        ) as one:
            assert (await one.get("/")).status_code == 404
