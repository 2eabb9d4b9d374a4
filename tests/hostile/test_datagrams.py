"""Datagrams that mean harm, or nothing: the server answers what it can, bears the rest, and calls go on."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from pathlib import Path

from support.hostile import BATCH, HOLD, TORTURE, Deaf, a_call_works, memory, mutations, still_answers
from support.served import Served, served
from support.sipua import SipUa, until

ANSWERS = {
    "intmeth": 501,
    "esc01": 404,
    "esc02": 501,
    "lwsdisp": 200,
    "longreq": 404,
    "semiuri": 200,
    "transports": 200,
    "unreason": None,
    "noreason": None,
    "badvers": 505,
    "invut": 488,
    "zeromf": 200,
    "ncl": 400,
    "inv2543": 400,
    "clerr": None,
    "scalarlg": None,
    "bigcode": None,
    "badinv01": None,
    "mcl01": 200,
    "wsinv": 481,
    "bext01": 420,
    "unkscm": 416,
    "novelsc": 416,
}
"""First final answer to a message of RFC 4475 on a server that knows none of its numbers; None for silence."""


def quiet(server: Served) -> None:
    """Nothing went wrong inside."""
    log = server.log()
    assert "Traceback" not in log
    assert "[error" not in log


async def unchanged(server: Served, before: list[int]) -> None:
    """Wait until the server has as many descriptors open as before."""
    for _ in range(60):
        if (after := server.descriptors()) == before:
            return
        await asyncio.sleep(0.05)
    assert after == before


async def test_the_torture_messages_of_rfc_4475(tmp_path: Path):
    assert len(TORTURE) == 49
    allow = {"sip": {"allow": ["127.0.0.1/32", "127.0.0.77/32"]}}
    async with served(tmp_path, {"hold.yaml": HOLD}, **allow) as server, SipUa.open() as ua:
        # Most of them want their answers on port 5060, and none says rport.
        async with SipUa.open("127.0.0.77", 5060) as sender:
            for number, file in enumerate(TORTURE, 1):
                sender.send(file.read_bytes(), server.address)
                await still_answers(ua, server.address, number)
            with suppress(TimeoutError):
                await until(lambda: answers(sender) == ANSWERS, timeout=2)
            assert answers(sender) == ANSWERS
        await a_call_works(ua, server.address)
        quiet(server)


def answers(sender: SipUa) -> dict[str, int | None]:
    """The first final answer to each message."""
    first: dict[str, int | None] = {}
    for name in ANSWERS:
        lines = next(file for file in TORTURE if file.stem == name).read_bytes().split(b"\r\n")
        calls = {line.partition(b":")[2].strip().decode() for line in lines if is_call_id(line)}
        statuses = (m.status for m in sender.log if m.get("Call-ID") in calls and m.status >= 200)
        first[name] = next(statuses, None)
    return first


def is_call_id(line: bytes) -> bool:
    return line.lower().startswith((b"call-id", b"i:"))


async def test_five_thousand_mutated_datagrams(tmp_path: Path):
    async with served(tmp_path, {"hold.yaml": HOLD}) as server, SipUa.open() as ua, Deaf.open() as sender:
        await a_call_works(ua, server.address)
        await asyncio.sleep(0.2)
        before, size = server.descriptors(), memory(server)
        kept = await ua.invite("32", server.address)
        await kept.answered()
        datagrams = mutations(sender, server.address, 5000, seed=20261123, did="0799")
        for number in itertools.count(1):
            batch = list(itertools.islice(datagrams, BATCH))
            if not batch:
                break
            for data in batch:
                sender.send(data, server.address)
            await still_answers(ua, server.address, number)
        assert (await kept.bye()).status == 200
        await a_call_works(ua, server.address)
        await unchanged(server, before)
        grown = [now - then for now, then in zip(memory(server), size, strict=True)]
        assert max(grown) < 30, grown
        quiet(server)
