"""Calls by SIPp go on while the database is frozen, killed and restarted, and each is in it once."""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from pathlib import Path

from support.mariadb import mariadb
from support.served import Served, served

log = logging.getLogger(__name__)

RATE, SECONDS = 20, 7
"""Calls a second, and for how long."""

SCENARIO = """
format: 1
name: desk
did: ["32"]
start: answer
nodes:
  answer: {type: answer, next: hold}
  hold: {type: wait, duration: 30s, next: end}
"""


async def traffic(folder: Path, server: Served) -> list[tuple[float, float]]:
    """The calls that SIPp makes, each of half a second and without a failure: when it was answered (seconds from the
    first one), and how many seconds that took."""
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{server.port}", "-sn", "uac", "-s", "32", "-i", "127.0.0.1", "-nostdin",
        "-r", str(RATE), "-m", str(RATE * SECONDS), "-d", "500", "-trace_rtt", "-rtt_freq", "1",
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert await asyncio.wait_for(process.wait(), SECONDS + 20) == 0, "a call has failed"
    finally:
        if process.returncode is None:
            process.kill()
    (file,) = await asyncio.to_thread(lambda: list(folder.glob("uac_*_rtt.csv")))
    lines = [line.split(";") for line in (await asyncio.to_thread(file.read_text)).splitlines()[1:]]
    first = float(lines[0][0])
    return [((float(at) - first) / 1000, float(took) / 1000) for at, took, *_ in lines]


async def test_no_call_is_delayed_or_lost(tmp_path: Path) -> None:
    with mariadb() as database:
        async with served(tmp_path, {"desk.yaml": SCENARIO}, database={"url": database.url}) as server:
            began = time.monotonic()

            async def until(second: float) -> None:
                await asyncio.sleep(max(0.0, began + second - time.monotonic()))

            async def faults() -> None:
                await until(2)
                with database.frozen():
                    await until(3.5)
                await until(4)
                await asyncio.to_thread(database.kill)
                await until(5.5)
                await asyncio.to_thread(database.start)

            calls, _ = await asyncio.gather(traffic(tmp_path, server), faults())
            back = time.monotonic()
            async with asyncio.timeout(60):
                while (
                    int((await asyncio.to_thread(database.run, "SELECT COUNT(*) FROM calls")).split()[-1])
                    < RATE * SECONDS
                ):
                    await asyncio.sleep(0.2)
            waited = time.monotonic() - back
        rows = database.run("SELECT COUNT(*), COUNT(DISTINCT id), MIN(duration), MAX(duration) FROM calls")
        steps = database.run("SELECT COUNT(*) FROM steps")
    before = [took for at, took in calls if at < 1.5]
    while_away = [took for at, took in calls if 2 < at < 3.5 or 4 < at < 5.5]
    log.info(
        "answered in %.1f ms (median), %.1f (most); while the database is away %.1f and %.1f; stored %.1f s after it",
        *(
            1000 * figure
            for figure in (statistics.median(before), max(before), statistics.median(while_away), max(while_away))
        ),
        waited,
    )
    assert len(calls) == RATE * SECONDS
    assert max(while_away) < 0.4
    assert statistics.median(while_away) < 3 * statistics.median(before) + 0.01
    count, ids, shortest, longest = rows.splitlines()[1].split("\t")
    assert int(count) == int(ids) == RATE * SECONDS
    assert int(steps.splitlines()[1]) == 2 * RATE * SECONDS
    assert 0.4 < float(shortest) <= float(longest) < 1.5
