"""Whatever is sent to the link, nothing fails, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.linkclient import clients
from support.linkhouse import link_house

from engine.server.link import protocol

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KINDS = ["open", "accept", "reject", "unavailable", "available", "call", "pong"]
KEYS = ["id", "protocol", "code", "password", "ticket", "extension", "language", "call", "reason", "number", "record"]
OBJECTS = st.builds(
    lambda kind, rest: {"type": kind, **rest},
    st.sampled_from(KINDS) | VALUES,
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), VALUES, max_size=5),
)
LINES = st.binary(max_size=60) | st.builds(lambda value: json.dumps(value).encode(), OBJECTS | VALUES)


@given(LINES)
def test_a_line_is_a_request_or_a_bad_one(line: bytes) -> None:
    try:
        request = protocol.read(line)
    except protocol.BadRequest as bad:
        answer = protocol.error(protocol.Error.BAD_REQUEST, str(bad), bad.id)
    else:
        answer = protocol.ok(request.id)
    assert json.loads(answer)["type"] in ("ok", "error")
    assert len(answer) < 2000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "EOF"),
        (b"[]", "should be an object"),
        (b"\xff", "Invalid JSON"),
        (b"[" * 10_000, "Invalid JSON"),
        (b'{"type":"dance"}', "no such request"),
        (b'{"id":1}', "no such request"),
        (b'{"type":"accept"}', "call: Field required"),
        (b'{"type":"accept","call":5}', "call: Input should be a valid string"),
        (b'{"type":"accept","call":"x","more":1}', "more: Extra inputs are not permitted"),
        (b'{"type":"call","number":"1","record":"yes"}', "record: Input should be a valid boolean"),
        (b'{"type":"open","protocol":1,"code":"1"}', "code and password are needed"),
        (b'{"type":"open","protocol":1,"code":"1","password":"x","ticket":"y"}', "either a ticket"),
        (b'{"type":"pong","id":true}', "id"),
        (b'{"type":"pong","id":' + b"9" * 5000 + b"}", "id|Invalid JSON"),
    ],
)
def test_a_bad_line_is_told_what_is_wrong(line: bytes, message: str) -> None:
    with pytest.raises(protocol.BadRequest, match=message):
        protocol.read(line)


def test_a_bad_request_is_answered_by_its_id_and_without_its_values() -> None:
    with pytest.raises(protocol.BadRequest) as refused:
        protocol.read(b'{"type":"open","protocol":"1","code":"1","password":"hush","id":"a"}')
    assert refused.value.id == "a"
    with pytest.raises(protocol.BadRequest) as refused:
        protocol.read(b'{"type":"open","protocol":1,"code":"1","password":["hush"]}')
    assert "hush" not in str(refused.value)


async def test_an_agent_works_while_strangers_send_anything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Noise, cut lines, connections that are reset, TLS where there is none; not one traceback."""
    hello = b'{"type":"open","protocol":1,"code":"1","password":"se'
    noises = [bytes(range(256)) * 80, b"\n" * 500, hello, b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b""]
    async with link_house(tmp_path) as house, clients(house.port) as (agent,):
        await agent.log_in("1")
        for number in range(120):
            with socket.create_connection(("127.0.0.1", house.port)) as stranger:
                stranger.setblocking(False)
                await asyncio.sleep(0)
                stranger.send(noises[number % len(noises)])
                await asyncio.sleep(0.005)
                if number % 2:
                    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if number % 30 == 0:
                party = house.driver.call("32", "1")
                agent.send(type="accept", call=(await agent.got(event="P", timeout=1))["call"])
                await agent.got(type="state", state="on_call", timeout=1)
                party.hang_up()
                await agent.got(type="state", state="available", timeout=1)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_why_an_agent_is_away_moves_no_cursor() -> None:
    request = protocol.read(b'{"type":"unavailable","reason":"lunch\\u001b[2J\\n\\u202e caf\\u00e9"}')
    assert isinstance(request, protocol.Unavailable)
    assert request.reason == "lunch [2J   café"
