"""What every driver promises (`engine.lines.ports`), checked against each of them by the same tests."""

from __future__ import annotations

import asyncio
import math
import time
import wave
from array import array
from contextlib import suppress
from pathlib import Path

import pytest
from support.farend import Bench
from support.pyvoip_bench import pyvoip_bench
from support.sip_bench import sip_bench
from support.sound import contains, speech
from support.virtual_bench import virtual_bench

from drivers.pyvoip import PyVoipDriver
from drivers.sip import SipDriver
from drivers.virtual import VirtualDriver
from engine.audio.clip import RATE, Clip
from engine.errors import LegGone, OriginateError
from engine.lines import Capability, Cause

BENCHES = {VirtualDriver: virtual_bench, SipDriver: sip_bench, PyVoipDriver: pyvoip_bench}

SHORT = speech(0.3, seed=1, label="short")
LONG = speech(3.0, seed=2, label="long")


originates = pytest.mark.needs(Capability.ORIGINATE)
bridges = pytest.mark.needs(Capability.ORIGINATE, Capability.BRIDGE)
transfers = pytest.mark.needs(Capability.ORIGINATE, Capability.TRANSFER)
records = pytest.mark.needs(Capability.RECORD)
barges_in = pytest.mark.needs(Capability.BARGE_IN)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs against each driver whose flags claim what it needs."""
    needed = {one for mark in metafunc.definition.iter_markers("needs") for one in mark.args}
    able = [driver for driver in BENCHES if needed <= driver.capabilities]
    metafunc.parametrize("bench", able, ids=[driver.name for driver in able], indirect=True)


@pytest.fixture
async def bench(request: pytest.FixtureRequest):
    async with BENCHES[request.param]() as bench:
        yield bench
        async with asyncio.timeout(5):
            while any(bench.driver.usage().values()):
                await asyncio.sleep(0.02)
        assert not any(bench.driver.usage().values())


async def answered(bench: Bench):
    leg, caller = await bench.call_in("32", "0143670903")
    await leg.answer()
    return leg, caller


async def test_an_incoming_leg_tells_who_calls_whom(bench: Bench):
    leg, caller = await bench.call_in("32", "0143670903")
    assert (leg.info.did, leg.info.cli, leg.info.direction) == ("32", "0143670903", "in")
    assert leg.info.driver == bench.driver.name
    await leg.reject(Cause.BUSY)
    await caller.ended()


async def test_a_prompt_is_heard_sample_by_sample(bench: Bench):
    leg, caller = await answered(bench)
    result = await leg.play([SHORT, speech(0.25, seed=3)])
    assert not result.interrupted
    await asyncio.sleep(0.1)
    assert contains(caller.heard(), SHORT.samples + speech(0.25, seed=3).samples, lossy=bench.lossy)
    await leg.hangup()


async def test_play_takes_as_long_as_the_sound(bench: Bench):
    leg, _ = await answered(bench)
    began = time.monotonic() if bench.lossy else asyncio.get_running_loop().time()
    await leg.play([SHORT])
    lasted = (time.monotonic() if bench.lossy else asyncio.get_running_loop().time()) - began
    assert SHORT.duration - 0.03 <= lasted <= SHORT.duration + 0.4
    await leg.hangup()


@barges_in
async def test_a_key_stops_a_prompt_and_is_kept(bench: Bench):
    leg, caller = await answered(bench)
    play = asyncio.ensure_future(leg.play([LONG], barge_in=True))
    await asyncio.sleep(0.3)
    await caller.press("5")
    result = await asyncio.wait_for(play, 1)
    assert result.interrupted
    assert await asyncio.wait_for(leg.digits.get(), 1) == "5"
    await leg.hangup()


@barges_in
async def test_a_key_pressed_before_stops_the_next_prompt_at_once(bench: Bench):
    leg, caller = await answered(bench)
    await caller.press("7")
    await asyncio.wait_for(leg.digits.wait(), 2)
    result = await asyncio.wait_for(leg.play([LONG], barge_in=True), 1)
    assert result.interrupted
    await leg.hangup()


async def test_without_barge_in_a_key_waits_for_its_turn(bench: Bench):
    leg, caller = await answered(bench)
    play = asyncio.ensure_future(leg.play([SHORT]))
    await caller.press("5")
    assert not (await play).interrupted
    assert await asyncio.wait_for(leg.digits.get(), 1) == "5"
    await leg.hangup()


async def test_a_looped_prompt_goes_on_until_cancelled(bench: Bench):
    leg, caller = await answered(bench)
    play = asyncio.ensure_future(leg.play([SHORT], loop=True))
    await asyncio.sleep(0.75)
    play.cancel()
    with suppress(asyncio.CancelledError):
        await play
    await asyncio.sleep(0.1)
    heard = len(caller.heard())
    assert contains(caller.heard(), SHORT.samples * 2, lossy=bench.lossy)
    assert heard < 2 * RATE * 3
    await leg.hangup()


async def test_a_second_play_replaces_the_first(bench: Bench):
    leg, caller = await answered(bench)
    first = asyncio.ensure_future(leg.play([LONG]))
    await asyncio.sleep(0.2)
    await leg.play([SHORT])
    await asyncio.wait_for(first, 1)
    await asyncio.sleep(0.1)
    assert contains(caller.heard(), SHORT.samples, lossy=bench.lossy)
    await leg.hangup()


async def test_hanging_up_while_a_prompt_plays_ends_both(bench: Bench):
    leg, caller = await answered(bench)
    play = asyncio.ensure_future(leg.play([LONG]))
    await asyncio.sleep(0.1)
    await caller.hang_up()
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert hangup.by == "remote"
    with pytest.raises(LegGone):
        await play
    with pytest.raises(LegGone):
        await leg.play([SHORT])
    await leg.hangup()


async def test_hangup_is_idempotent_and_the_far_end_learns_of_it(bench: Bench):
    leg, caller = await answered(bench)
    await leg.hangup()
    await leg.hangup()
    await asyncio.wait_for(caller.ended(), 2)
    assert leg.ended.result().by == "local"


async def test_a_caller_who_gives_up_before_the_answer(bench: Bench):
    leg, caller = await bench.call_in("32", "1")
    await leg.ring()
    await caller.hang_up()
    await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    with pytest.raises(LegGone):
        await leg.answer()


@pytest.mark.parametrize(("behaviour", "cause"), [("busy", Cause.BUSY), ("reject", Cause.REJECTED)])
@originates
async def test_a_phone_that_does_not_want_says_why(bench: Bench, behaviour: str, cause: Cause):
    address, _ = bench.phone(behaviour)
    with pytest.raises(OriginateError) as refused:
        await asyncio.wait_for(bench.driver.originate(address), 3)
    assert refused.value.cause is cause


@originates
async def test_a_withdrawn_call_leaves_nothing(bench: Bench):
    address, calls = bench.phone("ignore")
    ringing = asyncio.ensure_future(bench.driver.originate(address))
    await asyncio.sleep(0.2)
    ringing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ringing
    assert len(calls) == 1
    await asyncio.wait_for(calls[0].ended(), 2)


@bridges
async def test_two_bridged_legs_hear_each_other(bench: Bench):
    leg, caller = await answered(bench)
    address, calls = bench.phone("answer")
    other = await asyncio.wait_for(bench.driver.originate(address, caller_id="0143670903", near=leg), 3)
    await leg.bridge(other)
    await asyncio.gather(caller.say(SHORT), calls[0].say(LONG_WORD))
    await asyncio.sleep(0.2)
    assert contains(calls[0].heard(), SHORT.samples, lossy=bench.lossy)
    assert contains(caller.heard(), LONG_WORD.samples, lossy=bench.lossy)
    await caller.press("3")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "3"
    await leg.unbridge()
    await leg.play([SHORT])
    await calls[0].hang_up()
    await asyncio.wait_for(asyncio.shield(other.ended), 2)
    assert leg.alive
    await leg.hangup()


@transfers
async def test_a_transferred_caller_is_no_longer_ours(bench: Bench):
    leg, caller = await answered(bench)
    address, calls = bench.phone("answer")
    await asyncio.wait_for(leg.transfer(address), 3)
    assert len(calls) == 1
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert (hangup.by, hangup.cause) == ("local", Cause.NORMAL)
    await asyncio.wait_for(caller.ended(), 2)


@pytest.mark.parametrize(("behaviour", "cause"), [("busy", Cause.BUSY), ("reject", Cause.REJECTED)])
@transfers
async def test_a_transfer_that_is_refused_leaves_the_caller_with_us(bench: Bench, behaviour: str, cause: Cause):
    leg, caller = await answered(bench)
    address, calls = bench.phone(behaviour)
    with pytest.raises(OriginateError) as refused:
        await asyncio.wait_for(leg.transfer(address), 3)
    assert refused.value.cause is cause
    assert len(calls) == 1
    await leg.play([SHORT])
    await asyncio.sleep(0.1)
    assert contains(caller.heard(), SHORT.samples, lossy=bench.lossy)
    await leg.hangup()


LONG_WORD = speech(0.5, seed=4, label="word")


@records
async def test_a_recording_is_what_was_said(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    handle = await leg.record(tmp_path / "message.wav")
    await caller.say(LONG_WORD)
    await asyncio.sleep(0.1)
    recording = await handle.stop()
    assert recording.ended_by == "stopped"
    assert recording.duration >= LONG_WORD.duration - 0.04
    with wave.open(str(recording.path)) as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (RATE, 2, 1)
        samples = wav.readframes(wav.getnframes())
    assert contains(samples, LONG_WORD.samples, lossy=bench.lossy)
    assert not (tmp_path / "message.wav.part").exists()
    await leg.hangup()


@records
async def test_a_recording_ends_by_its_limits(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    longest = await leg.record(tmp_path / "longest.wav", max_duration=0.4)
    await caller.say(LONG_WORD)
    recording = await asyncio.wait_for(longest.finished(), 2)
    assert recording.ended_by == "max_duration"
    assert math.isclose(recording.duration, 0.4, abs_tol=0.03)
    quiet = await leg.record(tmp_path / "quiet.wav", silence=0.6)
    await caller.say(SHORT)
    recording = await asyncio.wait_for(quiet.finished(), 3)
    assert recording.ended_by == "silence"
    await leg.hangup()


@records
async def test_a_recording_survives_the_hang_up(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    handle = await leg.record(tmp_path / "last.wav")
    await caller.say(SHORT)
    await caller.hang_up()
    recording = await asyncio.wait_for(handle.finished(), 2)
    assert recording.ended_by == "hangup"
    assert (await handle.stop()) == recording
    assert recording.path.is_file()
    await leg.hangup()


@records
async def test_a_stereo_recording_has_both_sides(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    handle = await leg.record(tmp_path / "both.wav", both=True)
    await asyncio.gather(leg.play([LONG_WORD]), caller.say(SHORT))
    await asyncio.sleep(0.1)
    recording = await handle.stop()
    with wave.open(str(recording.path)) as wav:
        assert wav.getnchannels() == 2
        frames = array("h", wav.readframes(wav.getnframes()))
    assert contains(frames[0::2].tobytes(), SHORT.samples, lossy=bench.lossy)
    assert contains(frames[1::2].tobytes(), LONG_WORD.samples, lossy=bench.lossy)
    await leg.hangup()


@barges_in
@records
async def test_what_a_key_has_cut_off_is_not_in_the_recording(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    handle = await leg.record(tmp_path / "both.wav", both=True)
    play = asyncio.ensure_future(leg.play([LONG], barge_in=True))
    await asyncio.sleep(0.5)
    await caller.press("5")
    await asyncio.wait_for(play, 1)
    await asyncio.sleep(0.5)
    recording = await handle.stop()
    with wave.open(str(recording.path)) as wav:
        right = array("h", wav.readframes(wav.getnframes()))[1::2].tobytes()
    assert contains(right, LONG.samples[:4800], lossy=bench.lossy)
    assert not contains(right, LONG.samples[12800:14400], lossy=bench.lossy)
    await leg.hangup()


@records
async def test_what_is_said_during_a_pause_is_not_in_the_recording(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    before, secret, after = (speech(0.4, seed=seed) for seed in (11, 12, 13))
    handle = await leg.record(tmp_path / "call.wav", both=True)
    await asyncio.gather(leg.play([after]), caller.say(before))
    await asyncio.sleep(0.1)
    await handle.pause()
    await handle.pause()
    await asyncio.gather(leg.play([secret]), caller.say(secret))
    await asyncio.sleep(0.1)
    await handle.resume()
    await handle.resume()
    await asyncio.gather(leg.play([before]), caller.say(after))
    await asyncio.sleep(0.1)
    recording = await handle.stop()
    await handle.pause()
    assert 0.8 <= recording.duration <= 1.25
    with wave.open(str(recording.path)) as wav:
        assert wav.getnframes() == round(recording.duration * RATE)
        frames = array("h", wav.readframes(wav.getnframes()))
    for channel, (first, second) in enumerate([(before, after), (after, before)]):
        samples = frames[channel::2].tobytes()
        assert contains(samples, first.samples, lossy=bench.lossy)
        assert contains(samples, second.samples, lossy=bench.lossy)
        assert not contains(samples, secret.samples[3200:4800], lossy=bench.lossy)
    await leg.hangup()


@records
async def test_a_pause_does_not_count_for_the_limits(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    handle = await leg.record(tmp_path / "longest.wav", max_duration=0.5, silence=0.4)
    await caller.say(SHORT)
    await handle.pause()
    await asyncio.sleep(0.7)
    await handle.resume()
    await caller.say(LONG_WORD)
    recording = await asyncio.wait_for(handle.finished(), 2)
    assert recording.ended_by == "max_duration"
    assert math.isclose(recording.duration, 0.5, abs_tol=0.03)
    await leg.hangup()


@records
async def test_a_message_is_recorded_while_the_call_is(bench: Bench, tmp_path: Path):
    leg, caller = await answered(bench)
    call = await leg.record(tmp_path / "call.wav", both=True)
    message = await leg.record(tmp_path / "message.wav", max_duration=0.3)
    await caller.say(SHORT)
    await asyncio.wait_for(message.finished(), 2)
    await caller.say(LONG_WORD)
    await asyncio.sleep(0.1)
    await call.pause()
    await leg.hangup()
    recording = await call.stop()
    assert recording.ended_by == "hangup"
    with wave.open(str(recording.path)) as wav:
        left = array("h", wav.readframes(wav.getnframes()))[0::2].tobytes()
    assert contains(left, SHORT.samples, lossy=bench.lossy)
    assert contains(left, LONG_WORD.samples, lossy=bench.lossy)


async def test_silence_is_a_clip_like_another(bench: Bench):
    leg, _ = await answered(bench)
    assert not (await leg.play([Clip(bytes(2 * 800))])).interrupted
    assert not (await leg.play([])).interrupted
    await leg.hangup()
