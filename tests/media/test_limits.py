"""What is kept has a limit; a stall is caught up with, within one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from support.sound import speech

from drivers.sip.media import spool as spool_module
from drivers.sip.media.playback import ClipCache
from drivers.sip.media.pool import MediaPool
from drivers.sip.media.rtp import parse
from drivers.sip.media.spool import Spool


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder))  # noqa: PTH208


def test_the_least_recently_used_clips_leave_the_cache(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 100 + name.upper().encode() * 100)
    cache = ClipCache(tmp_path, limit=450)
    assert cache.get("a", "PCMA") == b"a" * 100
    assert cache.get("b", "PCMU") == b"B" * 100
    for name in "abc":
        (tmp_path / name).unlink()
    assert cache.get("a", "PCMU") == b"A" * 100
    (tmp_path / "c").write_bytes(b"c" * 200)
    cache.get("c", "PCMA")
    assert cache.size == 400
    cache.get("a", "PCMA")
    with pytest.raises(FileNotFoundError):
        cache.get("b", "PCMA")


async def test_the_spool_deletes_what_nobody_has_used_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(limit=3000)
    await spool.start()
    old, new, newest = (speech(0.1, seed=seed) for seed in (60, 61, 62))
    started = names(spool.folder)
    await asyncio.gather(spool.store([old]), spool.store([old]))
    await spool.store([new])
    assert names(spool.folder) - started == {old.key, new.key}, "just used clips are kept, whatever the limit"
    monkeypatch.setattr(spool_module, "SAFE", 0.0)
    await spool.store([newest])
    assert names(spool.folder) - started == {newest.key}
    assert await spool.store([old]) == [old.key]
    await spool.stop()
    assert not os.path.exists(spool.folder)  # noqa: PTH110, ASYNC240


async def test_after_a_stall_there_is_no_burst_and_the_time_is_right(pool: MediaPool, meet) -> None:
    end = await meet()
    await end.far.wait_for(3)
    pid = (await pool.stats())[0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(0.4)
    stalled = len(end.far.received)
    os.kill(pid, signal.SIGCONT)
    await end.hear_more(20)
    before, packets = end.far.received[stalled - 1], end.far.received[stalled:]
    burst = [packet for packet in packets if packet.arrival - packets[0].arrival < 0.01]
    assert 3 <= len(burst) <= 5
    last = packets[-1]
    elapsed = last.arrival - before.arrival
    assert abs((last.timestamp - before.timestamp) % 2**32 / 8000 - elapsed) < 0.03
    assert [(p.seq - before.seq) % 65536 for p in packets] == list(range(1, len(packets) + 1))
    assert packets[0].marker
    assert (await pool.stats())[0]["skipped_ticks"] >= 14


def test_payloads_come_without_what_surrounds_them() -> None:
    head = bytes(11)
    for data in (b"\x80" + head + b"abc", b"\xa0" + head + b"abc\0\0\3", b"\x91" + head + b"csrcxx\0\1wordabc"):
        packet = parse(data)
        assert packet is not None
        assert packet.payload == b"abc"
