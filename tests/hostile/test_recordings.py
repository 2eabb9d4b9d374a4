"""Recordings that nobody could end: the engine is killed, the disk is full. What is there can be played."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.counted import count, last, sent
from support.disks import small_disk
from support.mediaend import MediaEnd
from support.scenarios import RECORDED_CALL
from support.served import served
from support.sipua import SipUa, until

from drivers.sip.media.pool import MediaPool

KILLS = 20

LOST = 10
"""Packets of 20 ms that may be missing at the end."""


async def test_a_worker_killed_twenty_times_loses_a_fifth_of_a_second(tmp_path: Path):
    """Twenty workers, each with a recording and killed at a moment of its own."""
    dice = random.Random(20)
    pool = MediaPool(ports=range(37000, 37200), workers=KILLS)
    await pool.start()
    pids = [figures["pid"] for figures in await pool.stats()]

    async def kill(number: int) -> tuple[int, Path]:
        path = tmp_path / f"{number}.wav"
        (end,) = (end for end in ends if end.port in pool._slots[number].ports.values())
        recording = await end.port.record(path)
        counting = asyncio.ensure_future(count(end.far))
        await asyncio.sleep(dice.uniform(0.5, 1.0))
        os.kill(pids[number], signal.SIGKILL)
        before = sent(end.far)
        counting.cancel()
        await asyncio.wait([asyncio.ensure_future(recording.finished())])
        end.far.close()
        return before, path.with_name(path.name + ".part")

    ends = [await MediaEnd.open(pool) for _ in range(KILLS)]
    killed = await asyncio.gather(*(kill(number) for number in range(KILLS)))
    await pool.stop()
    missing = [before - last(path) for before, path in killed]
    assert max(missing) <= LOST, missing


async def test_the_engine_is_killed_and_what_was_said_is_kept(tmp_path: Path):
    async with (
        served(tmp_path, {"recorded.yaml": RECORDED_CALL}, status=-signal.SIGKILL) as server,
        SipUa.open() as ua,
    ):
        calls = [await ua.invite("32", server.address) for _ in range(4)]
        await asyncio.gather(*(call.answered() for call in calls))
        folder = tmp_path / "var" / "recordings" / "calls"
        await until(lambda: folder.exists() and len(list(folder.iterdir())) == 4)
        counting = [asyncio.ensure_future(count(call.rtp)) for call in calls]
        await asyncio.sleep(0.7)
        workers = server.processes()[1:]
        server.process.kill()
        before = [sent(call.rtp) for call in calls]
        for task in counting:
            task.cancel()
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        found = sorted(last(path) for path in folder.iterdir())
        assert len(found) == 4
        assert min(before) - found[0] <= LOST


@pytest.fixture
def nearly_full(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own for recordings, with 24 kB left: 0.75 s of a call in stereo."""
    with small_disk(tmp_path / "var" / "recordings", 1 << 20) as folder:
        (folder / "filling").write_bytes(bytes((1 << 20) - 24 * 1024 - 4096))
        yield folder


@pytest.mark.root
async def test_a_full_disk_costs_the_recording_and_not_the_call(tmp_path: Path, nearly_full: Path):
    async with served(tmp_path, {"recorded.yaml": RECORDED_CALL}) as server, SipUa.open() as ua:
        call = await ua.invite("32", server.address)
        await call.answered()
        counting = asyncio.ensure_future(count(call.rtp))
        await until(lambda: (nearly_full / "calls").exists() and any((nearly_full / "calls").iterdir()))
        (part,) = (nearly_full / "calls").iterdir()
        await until(lambda: os.statvfs(nearly_full).f_bavail == 0)
        await asyncio.sleep(0.3)
        heard = len(call.rtp.received)
        await until(lambda: len(call.rtp.received) > heard + 10)
        counting.cancel()
        assert (await call.bye()).status == 200
        (record,) = await server.recorded(1)
        assert record["result"] == "caller_hung_up"
        assert record["recordings"] == []
        assert any("the recording of the call is lost" in text for text in record["warnings"]), record
        assert last(part) > 20
        assert "Traceback" not in server.log()
