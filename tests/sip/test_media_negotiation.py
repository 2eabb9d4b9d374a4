"""Offer and answer on the wire (RFC 3264), and keys by SIP INFO."""

from __future__ import annotations

import asyncio
import wave

import pytest
from support.siprtp import RtpPort
from support.sipua import media_of, sdp, until
from support.sound import alaw_decode

from engine.audio.clip import Clip
from engine.lines import Cause, Hangup


@pytest.mark.parametrize(
    ("options", "formats"),
    [
        ({"codecs": ["PCMU", "PCMA"], "dtmf": 96}, [0, 96]),
        ({"codecs": ["PCMA", "PCMU"], "dtmf": None}, [8]),
        ({"codecs": ["PCMU"], "dtmf": 127, "media_level": True}, [0, 127]),
    ],
)
async def test_the_offerers_first_codec_and_his_number_for_digits(bench, phone, options, formats):
    leg, call = await bench.call(phone, **options)
    await leg.answer()
    final = await call.answered()
    assert media_of(final.body)[1] == formats
    packets = await call.rtp.wait_for(3)
    assert {packet.payload_type for packet in packets} == {formats[0]}


async def test_g711_under_a_dynamic_number(bench, phone, tmp_path):
    """What has number 97 for one party and 8 for the other is sent and heard all the same."""
    (one, plain), caller = await bench.answered(phone), await phone.prepare("32", bench.driver.address)
    body = (
        sdp(*caller.rtp.address, dtmf=98)
        .replace("RTP/AVP 8 0 ", "RTP/AVP 18 97 ")
        .replace("rtpmap:8 P", "rtpmap:97 p")
    )
    caller.send_invite(body)
    two = await bench.leg()
    await two.answer()
    assert media_of((await caller.answered()).body)[1:] == ([97, 98], 98)
    packets = await caller.rtp.wait_for(3)
    assert {(packet.payload_type, packet.payload) for packet in packets} == {(97, b"\xd5" * 160)}
    recording = await two.record(tmp_path / "said.wav")
    said = bytes(range(0x80, 0xD0)) * 2
    await caller.rtp.stream(said * 10)
    await caller.rtp.press("3")
    assert await asyncio.wait_for(two.digits.get(), 1) == "3"
    await recording.stop()
    with wave.open(str(tmp_path / "said.wav")) as file:
        assert alaw_decode(said * 10) in file.readframes(file.getnframes())
    await one.bridge(two)
    await caller.rtp.stream(said * 2)
    await plain.rtp.stream(said * 2)
    for rtp, number in ((plain.rtp, 8), (caller.rtp, 97)):
        await until(
            lambda rtp=rtp, number=number: (number, said) in {(p.payload_type, p.payload) for p in rtp.received}
        )


async def test_keys_of_the_caller_arrive(bench, phone):
    leg, call = await bench.answered(phone, dtmf=97)
    await call.rtp.press("5")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "5"


async def test_an_offer_in_the_answer_when_the_invite_has_none(bench, phone):
    leg, call = await bench.call(phone, body="", auto_ack=False)
    answering = asyncio.create_task(leg.answer())
    final = await call.answered()
    assert media_of(final.body)[1:] == ([8, 0, 101], 101)
    assert not answering.done()
    call.ack(final, sdp(*call.rtp.address, codecs=["PCMU"]))
    await asyncio.wait_for(answering, 1)
    assert (await call.rtp.wait_for(1))[0].payload_type == 0


async def test_no_answer_in_the_ack_ends_the_call(bench, phone):
    leg, call = await bench.call(phone, body="")  # the phone's own ACK has no body
    answering = asyncio.create_task(leg.answer())
    hangup = await leg.ended
    assert (hangup.by, hangup.cause) == ("local", Cause.FAILED)
    assert hangup.detail == "no usable session description in the ACK: there is none"
    await asyncio.wait_for(call.over.wait(), 3)
    with pytest.raises(Exception, match="ended"):
        await answering


GOOD = sdp("127.0.0.1", 40000)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("this is no session description", 400),
        (GOOD.replace("m=audio 40000", "m=audio ninety"), 400),
        (GOOD.replace("m=audio 40000", "m=audio 99999"), 400),
        (GOOD.replace("c=IN IP4 127.0.0.1", "c=nonsense"), 400),
        (GOOD.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"), 488),
        (GOOD.replace("c=IN IP4 127.0.0.1", "c=IN IP4 224.2.1.1/127"), 488),
        (GOOD.replace("c=IN IP4 127.0.0.1\r\n", ""), 488),
        (GOOD.replace("RTP/AVP 8 0", "RTP/AVP 9 18"), 488),
        (GOOD.replace("m=audio 40000", "m=audio 0"), 488),
        (GOOD.replace("RTP/AVP", "RTP/SAVP"), 488),
        (GOOD.replace("m=audio", "m=video"), 488),
    ],
)
async def test_an_offer_that_cannot_be_answered(bench, phone, body, status):
    call = await phone.invite("32", bench.driver.address, body=body)
    assert (await call.response(*range(200, 700))).status == status
    assert bench.legs.empty()
    assert not any(bench.driver.usage().values())


async def test_other_streams_are_refused_in_the_answer(bench, phone):
    video = "m=video 50000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
    call = await phone.prepare("32", bench.driver.address)
    call.send_invite(sdp(*call.rtp.address).replace("m=audio", video + "m=audio"))
    leg = await bench.leg()
    await leg.answer()
    final = await call.answered()
    assert next(line for line in final.body.split("\r\n") if line[:2] == "m=") == "m=video 0 RTP/AVP 96"


async def test_a_reinvite_moves_the_media(bench, phone):
    leg, call = await bench.answered(phone)
    await call.rtp.wait_for(2)
    elsewhere = await RtpPort.open()
    final = await call.reinvite(sdp(*elsewhere.address, codecs=["PCMU"]))
    assert final.status == 200
    assert media_of(final.body)[1] == [0, 101]
    assert (await elsewhere.wait_for(3))[-1].payload_type == 0
    assert leg.alive
    assert bench.legs.empty()
    elsewhere.close()


@pytest.mark.parametrize(
    ("direction", "answered"),
    [("sendonly", "recvonly"), ("inactive", "inactive"), ("recvonly", "sendonly")],
)
async def test_hold_and_back(bench, phone, direction, answered):
    leg, call = await bench.answered(phone)
    held = await call.reinvite(sdp(*call.rtp.address, direction=direction))
    assert f"a={answered}" in held.body
    if direction != "recvonly":
        await _silent(call.rtp)
        await call.rtp.press("7")
        assert await asyncio.wait_for(leg.digits.get(), 1) == "7"
    back = await call.reinvite(sdp(*call.rtp.address))
    assert "a=sendrecv" in back.body
    count = len(call.rtp.received)
    await call.rtp.wait_for(count + 3)
    assert leg.alive


async def test_hold_the_old_way(bench, phone):
    leg, call = await bench.answered(phone)
    held = await call.reinvite(sdp("0.0.0.0", call.rtp.address[1]))
    assert "a=recvonly" in held.body
    await _silent(call.rtp)
    assert leg.alive


async def _silent(rtp):
    """Nothing comes any more, once what was on its way has."""
    await asyncio.sleep(0.05)
    count = len(rtp.received)
    await asyncio.sleep(0.1)
    assert len(rtp.received) == count


async def test_a_reinvite_without_an_offer_gets_one(bench, phone):
    leg, call = await bench.answered(phone)
    call.auto_ack = False
    final = await call.reinvite("")
    assert media_of(final.body)[1] == [8, 0, 101]
    elsewhere = await RtpPort.open()
    call.ack(final, sdp(*elsewhere.address))
    await elsewhere.wait_for(1)
    assert leg.alive
    elsewhere.close()


async def test_an_unusable_reinvite_is_refused_and_the_call_goes_on(bench, phone):
    leg, call = await bench.answered(phone)
    final = await call.reinvite(GOOD.replace("RTP/AVP 8 0", "RTP/AVP 9 18"))
    assert final.status == 488
    count = len(call.rtp.received)
    await call.rtp.wait_for(count + 3)
    assert leg.alive


async def test_a_reinvite_with_a_new_contact_moves_the_bye(bench, phone):
    leg, call = await bench.answered(phone)
    async with type(phone).open() as other:
        call.contact = f"<sip:moved@{other.host}:{other.port}>"
        assert (await call.reinvite(sdp(*call.rtp.address))).status == 200
        await leg.hangup()
        await until(lambda: other.log)
        assert other.log[0].start.startswith("BYE sip:moved@")


@pytest.mark.parametrize(
    ("body", "content_type", "key"),
    [
        ("Signal=5\r\nDuration=160\r\n", "application/dtmf-relay", "5"),
        ("Signal= *\r\n", "application/dtmf-relay", "*"),
        ("Signal=11\r\nDuration=100\r\n", "application/dtmf-relay", "#"),
        ("7", "application/dtmf", "7"),
        ("b\r\n", "application/dtmf", "B"),
    ],
)
async def test_a_key_by_info(bench, phone, body, content_type, key):
    leg, call = await bench.answered(phone)
    assert (await call.info(body, content_type)).status == 200
    assert await asyncio.wait_for(leg.digits.get(), 1) == key


async def test_info_that_is_no_key_changes_nothing(bench, phone):
    leg, call = await bench.answered(phone)
    assert (await call.info("Signal=hook", "application/dtmf-relay")).status == 200
    assert (await call.info("<media_control/>", "application/media_control+xml")).status == 200
    assert not leg.digits.pending


async def test_a_key_by_info_stops_the_prompt(bench, phone):
    leg, call = await bench.answered(phone)
    playing = asyncio.create_task(leg.play([Clip(bytes(16000 * 20))], barge_in=True))
    await call.rtp.wait_for(3)
    await call.info("Signal=1")
    assert (await asyncio.wait_for(playing, 0.5)).interrupted
    assert await leg.digits.get() == "1"


async def test_a_key_by_info_leaves_a_prompt_alone_that_may_not_be_cut(bench, phone):
    leg, call = await bench.answered(phone)
    playing = asyncio.create_task(leg.play([Clip(bytes(1600 * 3))]))
    await call.rtp.wait_for(3)
    await call.info("Signal=1")
    assert not (await playing).interrupted


async def test_a_waiting_key_cuts_the_prompt_at_once(bench, phone):
    leg, call = await bench.answered(phone)
    await call.info("Signal=1")
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await leg.digits.wait()
    assert (await leg.play([Clip(bytes(16000))], barge_in=True)).interrupted


async def test_a_hang_up_ends_a_running_play(bench, phone):
    leg, call = await bench.answered(phone)
    playing = asyncio.create_task(leg.play([Clip(bytes(16000 * 20))]))
    await call.rtp.wait_for(3)
    await call.bye()
    with pytest.raises(Exception, match="ended"):
        await asyncio.wait_for(playing, 1)
    assert leg.ended.result() == Hangup("remote", Cause.NORMAL)
