"""Long runs on a real server, named because they take minutes: `make soak`, or one of them with `-k`.

Each does the same twice, and rests until nothing of it can be wanted any more. What the server holds then, it held
after the first half: not a descriptor, port, task or thread more, and nearly no memory.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import httpx
from support.hostile import BATCH, HOLD, Deaf, a_call_works, memory, mutations, still_answers
from support.probe import PROBED, Held, held
from support.served import Served, served
from support.sipp import sipp
from support.sipua import SipUa
from support.sound import speech
from support.wav import write_wav

from engine.records.outbox import Entry, waiting_in
from engine.records.tables import KINDS

log = logging.getLogger(__name__)

DATAGRAMS = 100_000
CALLS = 10_000
AT_ONCE = 50
TALKING = 400

BRIDGED, TOGETHER = 1_000, 20

TALK = """
format: 1
name: talk
did: ["32"]
start: choice
nodes:
  choice:
    type: menu
    prompt: [hello.wav]
    options: {"1": begin}
    on: {no_input: end, no_match: end}
  begin: {type: record, action: start, next: agent}
  agent:
    type: bridge
    to: "AGENT"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""

PORTS = {"ports": "44000-44999"}

LINGER = 240.0
"""Seconds after which nothing is left of any call: 60 of the scenario, twice 64 × T1 for a BYE that nobody answers
(RFC 3261 section 17.1.2.2, and as long again in sippy), and up to 64 for a datagram that may be repeated."""

BLOCKS, OCTETS = 0.3, 300.0
"""What one call or datagram may leave behind: pieces of memory, and octets of those that are large."""

WORKER = 2.0
"""Megabytes that a media worker may grow by over the second half of a run."""

RESIDENT = 20.0
"""Megabytes that the server may. More was needed for a time, and the allocator keeps most of it: what a
busy server needs depends on the datagrams of the last 64 seconds, 1.8 kB each."""


async def rested(server: Served) -> Held:
    """What is held once nothing is under way."""
    async with asyncio.timeout(LINGER):
        while not (now := await held(server)).idle:
            await asyncio.sleep(2)
    return now


async def twice(server: Served, half: Callable[[], Awaitable[None]], each: int) -> None:
    """Do `half` twice, with a rest after each. each: how many calls or datagrams a half is."""
    await half()
    before, descriptors, sizes = await rested(server), server.descriptors(), memory(server)
    await half()
    after = await rested(server)
    blocks, octets = ((b - a) / each for a, b in ((before.blocks, after.blocks), (before.octets, after.octets)))
    grown = [now - then for now, then in zip(memory(server), sizes, strict=True)]
    log.info("each leaves %.3f blocks, %.0f octets; memory %s MB, grown by %s", blocks, octets, memory(server), grown)
    assert server.descriptors() == descriptors
    assert (after.threads, after.tasks) == (before.threads, before.tasks)
    assert blocks < BLOCKS
    assert octets < OCTETS
    assert grown[0] < RESIDENT
    assert max(grown[1:]) < WORKER


def counters(server: Served) -> dict[str, int]:
    document: dict[str, int] = json.loads((server.root / "var" / "counters.json").read_text())
    return document


async def test_a_hundred_thousand_mutated_datagrams(tmp_path: Path):
    """Many of them are good calls, which are answered and never acknowledged."""
    scenarios = {"hold.yaml": HOLD}
    async with (
        served(tmp_path, scenarios, program=PROBED, rtp=PORTS) as server,
        SipUa.open() as ua,
        Deaf.open() as sender,
    ):
        datagrams = mutations(sender, server.address, DATAGRAMS, seed=4475, did="32")
        numbers = itertools.count(1)

        async def half() -> None:
            for _ in range(DATAGRAMS // 2 // BATCH):
                for data in itertools.islice(datagrams, BATCH):
                    sender.send(data, server.address)
                await still_answers(ua, server.address, next(numbers))
                ua.log.clear()

        await a_call_works(ua, server.address)
        await twice(server, half, DATAGRAMS // 2)
        await a_call_works(ua, server.address)
        assert "Traceback" not in server.log()


async def test_ten_thousand_calls(tmp_path: Path):
    """Callers hang up at any moment, also before the answer; some INVITEs come twice."""
    dice = random.Random(10_000)

    async with served(tmp_path, {"hold.yaml": HOLD}, program=PROBED, rtp=PORTS) as server, SipUa.open() as ua:

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

        async def half() -> None:
            for start in range(0, CALLS // 2, AT_ONCE):
                await asyncio.gather(*(call(start + number) for number in range(AT_ONCE)))
                ua.log.clear()

        await twice(server, half, CALLS // 2)
        records = await server.recorded(CALLS, timeout=30)
        assert {record["result"] for record in records} == {"caller_hung_up"}
        assert len({record["id"] for record in records}) == CALLS
        assert counters(server)["busy"] == 0
        assert "Traceback" not in server.log()


async def test_a_thousand_bridged_calls(tmp_path: Path):
    """A prompt, a recording, a key, and a talk with an agent whom the server calls; either side may hang up."""
    dice = random.Random(1_000)
    (tmp_path / "flows" / "prompts").mkdir(parents=True)
    write_wav(tmp_path / "flows" / "prompts" / "hello.wav", speech(0.5, seed=1))

    async with SipUa.open() as agent, SipUa.open() as ua:
        scenario = TALK.replace("AGENT", agent.uri("201"))
        async with served(tmp_path, {"talk.yaml": scenario}, program=PROBED, rtp=PORTS) as server:
            all_talk = asyncio.Barrier(2 * TOGETHER)

            async def pick_up() -> None:
                call = await agent.next_call(10)
                await call.answer()
                await asyncio.wait_for(all_talk.wait(), 20)
                await asyncio.sleep(dice.uniform(0, 1.0))
                if not call.over.is_set():
                    await call.bye(timeout=10)
                call.rtp.close()
                del agent.calls[call.call_id]

            async def call(number: int) -> None:
                call = await ua.invite("32", server.address, cli=str(number))
                await call.answered(timeout=10)
                await call.rtp.wait_for(1, 10)
                await call.rtp.press("1")
                await asyncio.wait_for(all_talk.wait(), 20)
                await asyncio.sleep(dice.uniform(0, 1.0))
                if not call.over.is_set():
                    await call.bye(timeout=10)
                call.rtp.close()
                del ua.calls[call.call_id]

            async def half() -> None:
                for start in range(0, BRIDGED // 2, TOGETHER):
                    answering = [asyncio.ensure_future(pick_up()) for _ in range(TOGETHER)]
                    await asyncio.gather(*(call(start + number) for number in range(TOGETHER)))
                    await asyncio.gather(*answering)
                    ua.log.clear()
                    agent.log.clear()

            await twice(server, half, BRIDGED // 2)
            records = await server.recorded(BRIDGED)
            assert {record["keys"] for record in records} == {"1"}
            assert all(record["recordings"] for record in records)
            assert "Traceback" not in server.log()


def stored(root: Path) -> tuple[int, list[Entry]]:
    """How many calls are in the database, and what waits."""
    with closing(sqlite3.connect(root / "var" / "flowctl.db")) as database:
        (count,) = database.execute("SELECT count(*) FROM calls").fetchone()
    return count, waiting_in(root / "var" / "outbox.db", KINDS)


async def test_four_hundred_calls_outlive_the_order_to_stop(tmp_path: Path):
    """SIGTERM: calls in progress go on to their end, new ones get 503, and so does whoever asks whether calls may be
    sent; when the process has ended, every call is in the database, and nothing waits."""
    settings = {"rtp": PORTS, "drain": "40s", "web": {"listen": "127.0.0.1:0"}}
    async with served(tmp_path, {"hold.yaml": HOLD}, **settings) as server, SipUa.open() as ua:
        ready = f"http://127.0.0.1:{server.web_port}/readyz"
        options = ("-m", TALKING, "-l", TALKING, "-r", 50, "-d", 12_000)
        async with sipp(tmp_path, "uac_call", *options, to=server.address, patience=40):
            async with asyncio.timeout(20):
                while server.log().count(" calls 32, scenario hold") < TALKING:
                    await asyncio.sleep(0.1)
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(ready)).status_code == 200
                server.process.send_signal(signal.SIGTERM)
                await server.logged(f"stopping: waiting for {TALKING} calls")
                assert (await http.get(ready)).status_code == 503
            late = await ua.invite("32", server.address)
            assert (await late.response(*range(200, 700))).status == 503
        async with asyncio.timeout(10):
            await server.process.wait()
        results = Counter(record["result"] for record in server.records())
        log.info("%d calls when it was told to stop: %s", TALKING, results)
        assert results == {"caller_hung_up": TALKING}
        assert await asyncio.to_thread(stored, tmp_path) == (TALKING, [])
        assert "Traceback" not in server.log()
