"""Calls while the machine below the media workers misbehaves."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal

import pytest
from support.sipua import until
from support.sound import alaw_decode, contains, speech

from drivers.sip import SipDriver
from engine.errors import CallError


@pytest.fixture
async def talk(phone):
    """Gives a driver with two media workers, and a call in each."""
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=2)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    calls = []
    for _ in range(2):
        call = await phone.invite("32", driver.address)
        leg = await asyncio.wait_for(legs.get(), 3)
        await asyncio.gather(leg.answer(), call.answered())
        calls.append((leg, call))
    yield driver, calls
    await driver.stop()


async def plays(leg, call, clip):
    """`clip` is played, and is what the caller hears."""
    await leg.play([clip])
    await call.rtp.wait_for(len(call.rtp.received) + 2)
    assert contains(alaw_decode(b"".join(packet.payload for packet in call.rtp.audio())), clip.samples, lossy=True)


async def test_a_prompt_whose_file_is_gone_is_written_again(talk, monkeypatch):
    driver, (first, second) = talk
    clip, folder = speech(0.1, seed=1), driver._pool._spool.folder
    await plays(*first, clip)
    monkeypatch.setattr("drivers.sip.media.spool.RECHECK", 0.0)
    shutil.rmtree(folder)
    await plays(*second, clip)
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_prompt_that_a_worker_could_not_read_is_written_again(talk):
    driver, (first, second) = talk
    clip = speech(0.1, seed=2)
    await plays(*first, clip)
    (driver._pool._spool.folder / clip.key).unlink()
    with pytest.raises(CallError, match="No such file"):
        await second[0].play([clip])
    await plays(*second, clip)


async def test_a_worker_too_slow_to_start_leaves_the_prompts_of_the_others(talk, monkeypatch, caplog):
    monkeypatch.setattr("drivers.sip.media.link.START", 0.02)
    monkeypatch.setattr("drivers.sip.media.pool.PAUSE", 0.01)
    driver, (first, second) = talk
    clip = speech(0.1, seed=3)
    await plays(*second, clip)
    workers = [slot.link for slot in driver._pool._slots]
    os.kill(workers[0].pid, signal.SIGKILL)
    assert (await asyncio.wait_for(first[0].ended, 3)).detail == "the media worker died"
    await until(lambda: caplog.text.count("does not start") >= 2)
    assert (driver._pool._spool.folder / clip.key).exists()
    await plays(*second, speech(0.1, seed=4))
