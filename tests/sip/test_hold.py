"""Hold (RFC 3264 section 8.4): nothing is sent, but the far end is heard and time goes by."""

from __future__ import annotations

import asyncio
import time
import wave

import pytest
from support.siprtp import RtpPort
from support.sipua import sdp
from support.sound import alaw_decode

from drivers.sip.media.address import Remote
from engine.audio.clip import Clip

SAID = bytes(range(0x80, 0xD0)) * 2


async def silent(rtp):
    """Nothing comes any more, once what was on its way has."""
    await asyncio.sleep(0.05)
    count = len(rtp.received)
    await asyncio.sleep(0.1)
    assert len(rtp.received) == count


@pytest.fixture
async def elsewhere():
    port = await RtpPort.open()
    yield port
    port.close()


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
async def test_a_hold_that_moves_the_address_is_followed(bench, phone, elsewhere, direction):
    leg, call = await bench.answered(phone)
    call.rtp.send(SAID)
    await call.rtp.wait_for(2)
    await call.reinvite(sdp(*elsewhere.address, direction=direction))
    await silent(call.rtp)
    elsewhere.remote = call.rtp.remote
    await elsewhere.press("7")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "7"
    assert elsewhere.received == []
    await call.reinvite(sdp(*elsewhere.address))
    await elsewhere.wait_for(3)
    await silent(call.rtp)


async def test_hold_the_old_way_does_not_let_others_in(bench, phone, elsewhere):
    leg, call = await bench.answered(phone)
    call.rtp.send(SAID)
    await call.reinvite(sdp("0.0.0.0", call.rtp.address[1]))
    await silent(call.rtp)
    elsewhere.remote = call.rtp.remote
    await elsewhere.press("1")
    await call.rtp.press("2")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "2"
    await call.reinvite(sdp(*call.rtp.address))
    await call.rtp.wait_for(len(call.rtp.received) + 3)


@pytest.mark.parametrize("connection", ["127.0.0.1", "0.0.0.0"])
async def test_a_caller_who_only_sends_is_heard(bench, phone, tmp_path, connection):
    call = await phone.prepare("32", bench.driver.address)
    direction = "sendrecv" if connection == "0.0.0.0" else "sendonly"
    call.send_invite(sdp(connection, call.rtp.address[1], direction=direction))
    leg = await bench.leg()
    await leg.answer()
    assert "a=recvonly" in (await call.answered()).body
    began = time.monotonic()
    await leg.play([Clip(bytes(16 * 200))])
    assert time.monotonic() - began > 0.18
    recording = await leg.record(tmp_path / "message.wav", both=True)
    await call.rtp.stream(SAID * 10)
    await call.rtp.press("7")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "7"
    await recording.stop()
    with wave.open(str(tmp_path / "message.wav")) as file:
        frames = file.readframes(file.getnframes())
    left = b"".join(frames[i : i + 2] for i in range(0, len(frames), 4))
    assert alaw_decode(SAID * 10) in left
    assert call.rtp.received == []
    await call.reinvite(sdp(*call.rtp.address))
    await call.rtp.wait_for(3)


async def test_a_held_party_does_not_hear_the_other(bench, phone):
    (one, held), (two, talking) = await bench.answered(phone), await bench.answered(phone)
    await one.bridge(two)
    await held.reinvite(sdp(*held.rtp.address, direction="sendonly"))
    await silent(held.rtp)
    count = len(held.rtp.received)
    await talking.rtp.stream(SAID * 5)
    held.rtp.send(SAID)
    while not any(packet.payload == SAID for packet in talking.rtp.received):
        await talking.rtp.wait_for(len(talking.rtp.received) + 1)
    assert len(held.rtp.received) == count


async def test_another_source_on_the_callers_host_does_not_take_over_a_pause(bench, phone, elsewhere):
    leg, call = await bench.answered(phone)
    call.rtp.send(SAID)
    elsewhere.remote = call.rtp.remote
    elsewhere.ssrc = 0xBAD
    await asyncio.sleep(0.6)
    await elsewhere.press("6")
    await call.rtp.wait_for(len(call.rtp.received) + 3)
    assert elsewhere.received == []
    assert not leg.digits.pending
    elsewhere.ssrc = call.rtp.ssrc  # the caller himself, whose NAT has changed his port
    await elsewhere.press("8")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "8"
    await elsewhere.wait_for(3)


def test_another_source_on_the_callers_host_is_believed_after_five_seconds():
    remote = Remote("127.0.0.1", 4000)
    assert remote.admit(("127.0.0.1", 4000), 10.0, b"aaaa")
    assert not remote.admit(("127.0.0.1", 4002), 14.9, b"bbbb")
    assert remote.admit(("127.0.0.1", 4002), 15.0, b"bbbb")
    assert remote.address == ("127.0.0.1", 4002)
