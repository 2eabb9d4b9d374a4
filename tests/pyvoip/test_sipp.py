"""pyVoIP against SIPp, both sides."""

from __future__ import annotations

import asyncio
import wave

import pytest
from support.ports import free_port
from support.sipp import sipp
from support.sound import contains, speech, ulaw_encode

from drivers.pyvoip import PyVoipDriver
from engine.errors import OriginateError
from engine.lines import Cause

SAID = speech(0.8, seed=21)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
async def running(port):
    """A driver whose peer is SIPp on `port`, and the legs that come in."""
    legs = asyncio.Queue()
    driver = PyVoipDriver(listen="127.0.0.1:0", peer=f"127.0.0.1:{port}", rtp_ports=range(25500, 25600))
    await driver.start(legs.put_nowait)
    yield driver, legs
    await driver.stop()


async def test_a_caller_speaks_holds_and_hangs_up(tmp_path, port, running):
    driver, legs = running
    (tmp_path / "sound.ulaw").write_bytes(ulaw_encode(SAID.samples))
    async with sipp(tmp_path, "pyvoip_uac_speaks", to=driver.address, port=port):
        leg = await asyncio.wait_for(legs.get(), 5)
        assert (leg.info.did, leg.info.cli, leg.info.name) == ("32", "0143670903", "Caller")
        await leg.ring()
        await leg.answer()
        recording = await leg.record(tmp_path / "said.wav")
        assert (await asyncio.wait_for(asyncio.shield(leg.ended), 5)).by == "remote"
        done = await recording.finished()
    with wave.open(str(done.path)) as wav:
        assert contains(wav.readframes(wav.getnframes()), SAID.samples, lossy=True)


async def test_a_caller_gives_up(tmp_path, port, running):
    driver, legs = running
    async with sipp(tmp_path, "pyvoip_uac_gives_up", to=driver.address, port=port):
        leg = await asyncio.wait_for(legs.get(), 5)
        await leg.ring()
        assert (await asyncio.wait_for(asyncio.shield(leg.ended), 5)).cause is Cause.CANCELLED


async def test_a_phone_answers_and_is_hung_up_on(tmp_path, port, running):
    driver, _ = running
    async with sipp(tmp_path, "pyvoip_uas_answers", port=port):
        leg = await asyncio.wait_for(driver.originate("201", caller_id="0611223344"), 5)
        assert not (await leg.play([SAID])).interrupted
        await leg.hangup()


async def test_a_phone_is_busy(tmp_path, port, running):
    driver, _ = running
    async with sipp(tmp_path, "pyvoip_uas_busy", port=port):
        with pytest.raises(OriginateError) as refused:
            await asyncio.wait_for(driver.originate("201"), 5)
        assert refused.value.cause is Cause.BUSY


async def test_a_call_is_withdrawn(tmp_path, port, running):
    driver, _ = running
    async with sipp(tmp_path, "pyvoip_uas_rings", port=port):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(driver.originate("201"), 1)
