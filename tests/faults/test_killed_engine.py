"""The engine is killed twenty times while it records and writes: what it has said to be kept is there, once, and what
it had begun is closed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import signal
import sqlite3
import wave
from pathlib import Path

from support.counted import count, last, sent
from support.scenarios import RECORDED_CALL
from support.served import Served, served
from support.sipua import SipUa, until
from support.stored import stored_calls

log = logging.getLogger(__name__)

KILLS = 20
RECORDED = 2
"""Calls that are up, and recorded, at each kill."""
LOST = 10
"""Packets of 20 ms that may be missing at the end of a recording."""

SCENARIOS = {
    "recorded.yaml": RECORDED_CALL,
    "short.yaml": """
format: 1
name: short
did: ["33"]
start: pause
nodes:
  pause: {type: answer, next: end}
""",
}


async def run_until_killed(root: Path, seconds: float) -> tuple[int, set[str]]:
    """One life of a server: packets that its recorded calls have sent, and the ids of the calls of which its log says
    that they are over, which is after their records were kept."""
    folder = root / "var" / "recordings" / "calls"
    async with served(root, SCENARIOS, status=-signal.SIGKILL) as server, SipUa.open() as ua:
        before = set(folder.iterdir()) if folder.exists() else set()
        assert not [path for path in before if path.suffix == ".part"]
        calls = [await ua.invite("32", server.address) for _ in range(RECORDED)]
        await asyncio.gather(*(call.answered() for call in calls))
        await until(lambda: folder.exists() and len(set(folder.iterdir()) - before) == RECORDED)
        counting = [asyncio.ensure_future(count(call.rtp)) for call in calls]
        short = asyncio.ensure_future(short_calls(ua, server))
        await asyncio.sleep(seconds)
        workers = server.processes()[1:]
        server.process.kill()
        packets = min(sent(call.rtp) for call in calls)
        for task in (*counting, short):
            task.cancel()
        await asyncio.wait([*counting, short])
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        over = set(re.findall(r"call (\w+): \w+ after", server.log()))
    return packets, over


async def short_calls(ua: SipUa, server: Served) -> None:
    """One after another until cancelled, four at a time."""

    async def one_after_another() -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                call = await ua.invite("33", server.address)
                await call.answered()
                await call.over.wait()

    await asyncio.gather(*(one_after_another() for _ in range(4)))


async def lives(root: Path, dice: random.Random) -> tuple[set[str], dict[Path, int]]:
    """Half of the kills: ids of the calls that were said to be over, and recordings with the packets sent."""
    over: set[str] = set()
    recordings: dict[Path, int] = {}
    folder = root / "var" / "recordings" / "calls"
    for _ in range(KILLS // 2):
        known = names(folder)
        packets, kept = await run_until_killed(root, dice.uniform(0.2, 0.8))
        over |= kept
        recordings.update(dict.fromkeys((folder / name for name in names(folder) - known), packets))
    async with served(root, SCENARIOS) as server:
        await server.drained()
    return over, recordings


def names(folder: Path) -> set[str]:
    return {path.name.removesuffix(".part") for path in folder.glob("*")}


async def test_twenty_kills_lose_no_record_and_a_fifth_of_a_second(tmp_path: Path) -> None:
    dice = random.Random(20)
    roots = [tmp_path / "one", tmp_path / "other"]
    for root in roots:
        root.mkdir()
    ran = await asyncio.gather(*(lives(root, dice) for root in roots))
    missing: list[int] = []
    ended = interrupted = 0
    for root, (over, recordings) in zip(roots, ran, strict=True):
        calls = stored_calls(root / "var")
        assert over <= {call["id"] for call in calls}, "a record that was said to be kept is gone"
        assert len({call["id"] for call in calls}) == len(calls)
        assert left_open(root / "var" / "outbox.db") == 0
        cut = [call for call in calls if call["result"] == "interrupted"]
        noted = {Path(one["file"]): one["duration"] for call in cut for one in call["recordings"]}
        assert noted.keys() == recordings.keys()
        for path, packets in recordings.items():
            missing.append(packets - last(path))
            with wave.open(str(path)) as file:
                assert abs(file.getnframes() / 8000 - noted[path]) < 0.001
        ended, interrupted = ended + len(over), interrupted + len(cut)
    assert max(missing) <= LOST, missing
    lost = 0.02 * max(missing)
    log.info("%d kills: %d records kept, %d interrupted, %.2f s lost at most", KILLS, ended, interrupted, lost)


def left_open(file: Path) -> int:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        number: int = connection.execute("SELECT COUNT(*) FROM begun").fetchone()[0]
    return number
