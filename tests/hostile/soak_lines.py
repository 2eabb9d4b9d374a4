"""Long runs on a real server, named because they take minutes: `make soak`, or one of them with `-k`.

What is measured before and after: descriptors of each process, memory, channels and RTP ports in use.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from pathlib import Path

from support.hostile import BATCH, HOLD, Deaf, a_call_works, memory, mutations, still_answers
from support.served import Served, served
from support.sipua import SipUa

log = logging.getLogger(__name__)

DATAGRAMS = 100_000
CALLS = 10_000
AT_ONCE = 50

PORTS = {"ports": "44000-44999"}

LINGER = 100.0
"""Seconds after which nothing is left of any call: 60 of the scenario, 64 × T1 for a BYE that nobody answers (RFC
3261 section 17.1.2.2)."""

GROWTH = 30.0
"""Megabytes that a process may grow by over the second half of a run: cycles wait for the collector, 4 kB a call."""


async def settled(server: Served, before: list[int], within: float) -> None:
    """Wait until the server has as many descriptors open as before."""
    async with asyncio.timeout(within):
        while server.descriptors() != before:
            await asyncio.sleep(0.5)


def counters(server: Served) -> dict[str, int]:
    document: dict[str, int] = json.loads((server.root / "var" / "counters.json").read_text())
    return document


async def test_a_hundred_thousand_mutated_datagrams(tmp_path: Path):
    """Many of them are good calls, which are answered and never acknowledged.

    The memory is logged and has no limit here: the second half added 48 and 88 MB, and how much of that a
    longer rest would give back is not known.
    """
    async with served(tmp_path, {"hold.yaml": HOLD}, rtp=PORTS) as server, SipUa.open() as ua, Deaf.open() as sender:
        await a_call_works(ua, server.address)
        await asyncio.sleep(0.5)
        before, half = server.descriptors(), memory(server)
        datagrams = mutations(sender, server.address, DATAGRAMS, seed=4475, did="32")
        for number in itertools.count(1):
            batch = list(itertools.islice(datagrams, BATCH))
            if not batch:
                break
            for data in batch:
                sender.send(data, server.address)
            await still_answers(ua, server.address, number)
            ua.log.clear()
            if number * BATCH == DATAGRAMS // 2:
                half = memory(server)
        await settled(server, before, LINGER)
        await a_call_works(ua, server.address)
        grown = [now - then for now, then in zip(memory(server), half, strict=True)]
        log.info("%d datagrams: memory %s MB, grown by %s", DATAGRAMS, memory(server), grown)
        assert "Traceback" not in server.log()


async def test_ten_thousand_calls(tmp_path: Path):
    """Callers hang up at any moment, also before the answer; some INVITEs come twice."""
    dice = random.Random(10_000)

    async with served(tmp_path, {"hold.yaml": HOLD}, rtp=PORTS) as server, SipUa.open() as ua:

        async def call(number: int) -> None:
            call = await ua.invite("32", server.address, cli=str(number))
            try:
                if number % 10 == 0:
                    call.cancel()
                    if (await call.response(*range(200, 700), timeout=10)).status != 200:
                        return
                await call.answered(timeout=10)
                if number % 7 == 0:
                    call.repeat_invite()
                await asyncio.sleep(dice.uniform(0, 0.3))
                await call.bye(timeout=10)
            finally:
                call.rtp.close()
                del ua.calls[call.call_id]

        async def calls(count: int) -> None:
            for start in range(0, count, AT_ONCE):
                await asyncio.gather(*(call(start + number) for number in range(AT_ONCE)))
                ua.log.clear()

        await calls(200)
        await asyncio.sleep(1)
        before = server.descriptors()
        await calls(CALLS // 2)
        half = memory(server)
        await calls(CALLS // 2)
        records = await server.recorded(CALLS + 200, timeout=30)
        await settled(server, before, 10)
        await asyncio.sleep(2)
        grown = [now - then for now, then in zip(memory(server), half, strict=True)]
        log.info("%d calls: memory %s MB, grown by %s", CALLS, memory(server), grown)
        assert max(grown) < GROWTH, grown
        assert {record["result"] for record in records} == {"caller_hung_up"}
        assert len({record["id"] for record in records}) == CALLS + 200
        assert counters(server)["busy"] == 0
        assert "Traceback" not in server.log()
