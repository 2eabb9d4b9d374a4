"""The client library with servers that are none, or not as they should be."""

from __future__ import annotations

import asyncio

import pytest
from support.agentclients import got

from tools.agent import AgentClient, Lost, Refused


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\n",
        b"[1]\n",
        b'{"type":"event","event":"P","cli":5}\n',
        b'{"type":"event","event":"P","variables":{"a":1}}\n',
        b'{"type":"event","event":"X","command":["a",1]}\n',
        b'{"type":"state","state":"wrap_up","rest":1e999}\n',
        b'{"type":"state","state":"wrap_up","rest":NaN}\n',
        b"[" * 100_000 + b"\n",
        b"1" * 5_000 + b"\n",
        b"x" * 300_000 + b"\n",
    ],
    ids=lambda line: line[:20],
)
async def test_a_server_that_talks_nonsense_is_left(line: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"hello","protocol":1,"ping":5,"timeout":15}\n{"type":"later","x":1}\n' + line)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with AgentClient(port=server.sockets[0].getsockname()[1]) as client:
        assert await client.open("1", "secret")
        lost = await got(client, Lost)
        assert ("server" in lost.reason, lost.why) == (True, "nonsense")
    server.close()
    await server.wait_closed()


async def test_what_nobody_reads_waits_and_nothing_is_lost() -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"hello","protocol":1,"ping":5,"timeout":15}\n')
        for number in range(3_000):
            writer.write(b'{"type":"event","event":"P","call":"%d"}\n' % number)
        await reader.readline()
        await reader.readline()
        writer.close()
        gone.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with AgentClient(port=server.sockets[0].getsockname()[1]) as client:
        assert await client.open("1", "secret")
        async with asyncio.timeout(5):
            while not client._messages.full():
                await asyncio.sleep(0.01)
        calls = [(await anext(client)).call for _ in range(3_000)]
    assert calls == [str(number) for number in range(3_000)]
    await asyncio.wait_for(gone.wait(), 5)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (b'{"type":"error","error":"banned","message":"too many wrong passwords"}\n', "too many wrong passwords"),
        (b"HTTP/1.1 400 Bad Request\r\n", "not JSON"),
        (b'{"type":"ok"}\n{"type":"event","event":"A"}\n', "no agent link"),
        (b"", "closed"),
    ],
    ids=["banned", "http", "other", "silent"],
)
async def test_what_is_no_server_or_lets_nobody_in_is_said(first: bytes, why: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with AgentClient(port=server.sockets[0].getsockname()[1]) as client:
        assert not await client.open("1", "secret")
        assert why in client.error
    server.close()
    await server.wait_closed()


async def test_a_server_of_another_version_ends_the_session() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"hello","protocol":2,"ping":5,"timeout":15}\n')
        await reader.readline()
        writer.write(b'{"type":"error","error":"protocol","message":"this server speaks version 2"}\n')
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with AgentClient(port=server.sockets[0].getsockname()[1]) as client:
        assert await client.open("1", "secret")
        assert [message async for message in client] == [Refused("protocol", "this server speaks version 2")]
    server.close()
    await server.wait_closed()
