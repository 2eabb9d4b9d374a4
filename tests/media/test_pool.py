"""Workers and ports: nothing is lost, nothing is kept, no death goes unnoticed."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.mediaend import MediaEnd
from support.sound import speech

from drivers.sip.media.pool import MediaPool
from drivers.sip.media.port import MediaPort
from engine.errors import CallError, LegGone, NoChannel


async def some_port(pool: MediaPool) -> MediaPort:
    return await pool.open(on_digit=lambda _: None, on_lost=lambda: None)


async def figures(pool: MediaPool) -> dict[str, Any]:
    (worker,) = await pool.stats()
    return worker


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def loaded(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_ports_are_even_run_out_and_come_back() -> None:
    pool = MediaPool(ports=range(31601, 31620), workers=2)
    await pool.start()
    ports = [await some_port(pool) for _ in range(9)]
    assert sorted(port.port for port in ports) == list(range(31602, 31620, 2))
    assert pool.usage() == {"rtp_ports": 9}
    with pytest.raises(NoChannel):
        await some_port(pool)
    await ports[4].close()
    assert (await some_port(pool)).port == ports[4].port
    await pool.stop()
    assert pool.usage() == {"rtp_ports": 0}
    with pytest.raises(NoChannel):
        await some_port(pool)


async def test_a_port_that_somebody_else_uses_is_passed_over() -> None:
    pool = MediaPool(ports=range(31620, 31624), workers=1)
    await pool.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 31620))
        assert (await some_port(pool)).port == 31622
        with pytest.raises(NoChannel, match="Address already in use"):
            await some_port(pool)
    assert (await some_port(pool)).port == 31620
    await pool.stop()


async def test_200_calls_give_everything_back(pool: MediaPool, tmp_path: Path) -> None:
    ours = descriptors()
    before = await figures(pool)
    for number in range(200):
        one, two = await asyncio.gather(some_port(pool), some_port(pool))
        one.connect("127.0.0.1", 9, codec="PCMA", dtmf=101)
        await one.record(tmp_path / f"{number}.wav")
        await one.bridge(two)
        await asyncio.gather(one.close(), two.close())
    after = await figures(pool)
    assert [before[key] for key in ("ports", "descriptors")] == [after[key] for key in ("ports", "descriptors")]
    assert descriptors() == ours
    assert pool.usage() == {"rtp_ports": 0}
    assert len(fnmatch.filter(os.listdir(tmp_path), "*.wav")) == 200  # noqa: PTH208


async def test_a_worker_that_dies_is_replaced_and_its_calls_are_told() -> None:
    pool = MediaPool(ports=range(31630, 31634), workers=1)
    await pool.start()
    one, two = await MediaEnd.open(pool), await MediaEnd.open(pool)
    play = asyncio.create_task(one.port.play([speech(5, seed=50)]))
    await one.hear_more()
    os.kill((await figures(pool))["pid"], signal.SIGKILL)
    async with asyncio.timeout(2):
        await one.lost.wait()
        await two.lost.wait()
    with pytest.raises(LegGone):
        await play
    with pytest.raises(LegGone):
        await two.port.bridge(one.port)
    assert pool.usage() == {"rtp_ports": 0}
    await one.close()
    await two.close()
    async with asyncio.timeout(5):
        while True:
            try:
                three = await MediaEnd.open(pool)
            except NoChannel:
                await asyncio.sleep(0.02)
            else:
                break
    await three.hear_more()
    await three.close()
    await pool.stop()


async def test_a_worker_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.sip.media.link.ANSWER", 0.2)
    pool = MediaPool(ports=range(31640, 31644), workers=1)
    await pool.start()
    end = await MediaEnd.open(pool)
    os.kill((await figures(pool))["pid"], signal.SIGSTOP)
    with pytest.raises((LegGone, NoChannel)):
        await some_port(pool)
    async with asyncio.timeout(2):
        await end.lost.wait()
    await end.close()
    await pool.stop()


async def test_a_refused_command_harms_nothing(pool: MediaPool, meet) -> None:
    end = await meet()
    link = end.port._link
    for command in ({"op": "nonsense"}, {}, {"op": "play", "port": end.port.number}, {"op": "close", "port": 0}):
        with pytest.raises(CallError):
            await link.request(command)
    link.post({"op": "connect", "port": end.port.number, "host": "nowhere", "number": 1, "codec": "?", "dtmf": None})
    with pytest.raises(ValueError, match="nowhere"):
        end.port.connect("nowhere", 1, codec="PCMA", dtmf=None)
    await end.hear_more()


async def test_a_prompt_that_is_gone_is_an_error_of_that_play_only(pool: MediaPool, meet) -> None:
    end = await meet()
    clip = speech(0.1, seed=51)
    await pool._spool.store([clip])
    (pool._spool.folder / clip.key).unlink()
    with pytest.raises(CallError, match="No such file"):
        await end.port.play([clip])
    await end.port.play([speech(0.1, seed=52)])


async def test_a_worker_stays_small_and_deaf_to_signals_for_the_group(pool: MediaPool) -> None:
    pid = (await figures(pool))["pid"]
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert (await figures(pool))["pid"] == pid
    mapped = loaded(pid)
    assert not [name for name in ("numpy", "pydantic", "sippy") if name in mapped]


async def test_stop_leaves_nothing_and_may_be_repeated() -> None:
    pool = MediaPool(ports=range(31650, 31660), workers=2)
    await pool.stop()
    await pool.start()
    end = await MediaEnd.open(pool)
    await end.port.play([speech(0.05, seed=53)])
    pids, folder = [worker["pid"] for worker in await pool.stats()], pool._spool.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    await pool.stop()
    await pool.stop()
    assert not any(map(running, pids))
    assert not folder.exists()
    assert not end.lost.is_set()
    end.far.close()


PARENT = """
import asyncio
from drivers.sip.media.pool import MediaPool

async def main():
    pool = MediaPool(ports=range(31660, 31680), workers=2)
    await pool.start()
    await pool.open(on_digit=print, on_lost=print)
    print(pool._spool.folder, *(worker["pid"] for worker in await pool.stats()), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_workers_end_with_their_parent_however_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        folder, *pids = parent.stdout.readline().split()
        assert all(running(int(pid)) for pid in pids)
        parent.kill()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and (any(running(int(pid)) for pid in pids) or Path(folder).exists()):
        time.sleep(0.01)
    assert not any(running(int(pid)) for pid in pids)
    assert not Path(folder).exists()
