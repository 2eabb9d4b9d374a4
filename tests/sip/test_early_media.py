"""What a called line says before it answers, heard by the caller who waits (RFC 3960)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.served import served
from support.sipua import SipUa, sdp, until

from engine.audio.clip import RATE, Clip
from engine.errors import OriginateError
from engine.lines import Cause

CALLER, CALLED = bytes(range(0x80, 0xD0)) * 2, bytes(range(0x20, 0x70)) * 2
MUSIC = Clip(b"\x00\x10" * RATE, label="music")


@pytest.fixture
async def trunk():
    async with SipUa.open() as ua:
        yield ua


async def hears(listener, speaker, said):
    listener.received.clear()
    async with asyncio.timeout(3):
        while not any(packet.payload == said for packet in listener.received):
            speaker.send(said)
            await asyncio.sleep(0.02)


async def never_hears(listener, speaker, said):
    """The speaker is heard nowhere for as long as it takes to say 10 frames."""
    listener.received.clear()
    await speaker.stream(said * 10)
    assert not any(packet.payload == said for packet in listener.received)


def progress(call, status=183, **options):
    """183 with SDP."""
    call._use(call.requests[0].body)
    call.reply(call.requests[0], status, sdp(*call.rtp.address, **options))


@asynccontextmanager
async def calling(bench, phone, trunk, **options):
    """A caller who hears music, and the call made for them, which has come in at the trunk."""
    leg, caller = await bench.answered(phone)
    music = asyncio.create_task(leg.play([MUSIC], loop=True))
    task = asyncio.create_task(bench.driver.originate(trunk.uri("201"), near=leg, **{"early": True, **options}))
    try:
        yield leg, caller, task, await trunk.next_call()
    finally:
        for ended in (task, music):
            ended.cancel()
        await asyncio.gather(task, music, return_exceptions=True)
        if task.done() and not task.cancelled() and task.exception() is None:
            await task.result().hangup()
        await leg.hangup()
    await bench.idle()


def loud(rtp):
    """The packets that are not silence."""
    return [packet for packet in rtp.audio() if len(set(packet.payload)) > 1 or packet.payload[0] not in (0xD5, 0xFF)]


async def test_the_caller_hears_the_line_and_is_not_heard(bench, phone, trunk):
    async with calling(bench, phone, trunk) as (leg, caller, task, called):
        progress(called)
        await called.rtp.wait_for(3)  # silence, which opens the way
        assert not loud(called.rtp)
        caller.rtp.received.clear()
        await until(lambda: loud(caller.rtp))  # the music goes on
        await hears(caller.rtp, called.rtp, CALLED)
        await never_hears(called.rtp, caller.rtp, CALLER)
        await called.answer()
        other = await asyncio.wait_for(task, 3)
        await never_hears(caller.rtp, called.rtp, CALLED)  # it is for the scenario to connect them
        await never_hears(called.rtp, caller.rtp, CALLER)
        await leg.bridge(other)
        await hears(called.rtp, caller.rtp, CALLER)
        await hears(caller.rtp, called.rtp, CALLED)


async def test_keys_do_not_go_through_either(bench, phone, trunk):
    async with calling(bench, phone, trunk) as (leg, caller, _, called):
        progress(called)
        await hears(caller.rtp, called.rtp, CALLED)
        called.rtp.received.clear()
        await caller.rtp.press("5")
        await caller.info("Signal=6\r\nDuration=100\r\n")
        assert [await asyncio.wait_for(leg.digits.get(), 1) for _ in range(2)] == ["5", "6"]
        assert not called.rtp.received


async def test_an_announcement_and_then_a_refusal(bench, phone, trunk):
    async with calling(bench, phone, trunk) as (leg, caller, task, called):
        progress(called)
        await hears(caller.rtp, called.rtp, CALLED)
        called.reject(486)
        with pytest.raises(OriginateError) as caught:
            await asyncio.wait_for(task, 3)
        assert caught.value.cause is Cause.BUSY
        caller.rtp.received.clear()
        music = asyncio.create_task(leg.play([MUSIC]))
        await until(lambda: loud(caller.rtp))
        music.cancel()


async def test_the_line_moves_on_to_another_voice(bench, phone, trunk):
    """Such as a voicemail that a first announcement leads to: another 183, another address and codec."""
    async with calling(bench, phone, trunk) as (_, caller, _, called):
        progress(called)
        await hears(caller.rtp, called.rtp, CALLED)
        other = await trunk.prepare("x", bench.driver.address)
        other.rtp.remote, other.rtp.payload_type = called.rtp.remote, 8
        called.reply(called.requests[0], 183, sdp(*other.rtp.address))
        await hears(caller.rtp, other.rtp, CALLER)
        await never_hears(other.rtp, caller.rtp, CALLED)


async def test_music_that_the_scenario_wants_is_not_replaced(bench, phone, trunk):
    async with calling(bench, phone, trunk, early=False) as (_, caller, _, called):
        progress(called)
        await never_hears(caller.rtp, called.rtp, CALLED)
        assert loud(caller.rtp)


async def test_a_session_description_that_is_no_good(bench, phone, trunk):
    """The answer in the 200 counts."""
    async with calling(bench, phone, trunk) as (leg, caller, task, called):
        called.reply(called.requests[0], 183, "v=0\r\nrubbish\r\n")
        await called.answer()
        await leg.bridge(await asyncio.wait_for(task, 3))
        await hears(caller.rtp, called.rtp, CALLED)


@pytest.mark.parametrize("ringback", [True, False])
async def test_a_bridge_node(tmp_path: Path, ringback: bool):
    """With a ringback of its own, that is what is heard."""
    async with SipUa.open() as phone, SipUa.open() as trunk:
        text = f"""
format: 1
name: early
did: ["32"]
start: a
nodes:
  a:
    type: bridge
    to: "{trunk.uri("201")}"
    {"ringback: [{tone: beep}]" if ringback else ""}
    on: {{ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""
        async with served(tmp_path, {"a.yaml": text}) as server:
            caller = await phone.invite("32", server.address)
            await caller.answered()
            called = await trunk.next_call()
            progress(called)
            await (never_hears if ringback else hears)(caller.rtp, called.rtp, CALLED)
            await never_hears(called.rtp, caller.rtp, CALLER)
            await called.answer()
            await hears(called.rtp, caller.rtp, CALLER)
            await caller.bye()
            await called.over.wait()
