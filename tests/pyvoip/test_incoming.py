"""What pyVoIP does wrongly, put right; what it cannot, refused."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import pytest
from support.sipua import Message, SipUa, sdp, until

from drivers.pyvoip import timers
from engine.errors import NoChannel
from engine.lines import Cause


def statuses(call, method="INVITE"):
    return [message.status for message in call.responses if message.method == method]


async def test_a_caller_who_gives_up_is_let_go_with_487(bench, peer):
    leg, call = await bench.call(peer)
    await leg.ring()
    await call.response(180)
    call.cancel()
    await call.response(487)
    assert (await call.response(method="CANCEL")).status == 200
    assert await asyncio.wait_for(asyncio.shield(leg.ended), 1) == leg.ended.result()
    assert (leg.ended.result().by, leg.ended.result().cause) == ("remote", Cause.CANCELLED)


async def test_an_answer_waits_for_nothing(bench, peer):
    began = asyncio.get_running_loop().time()
    leg, _ = await bench.answered(peer)
    assert asyncio.get_running_loop().time() - began < 0.5
    await leg.hangup()


async def test_an_invite_that_is_repeated_is_one_call_with_the_same_answer(bench, peer):
    leg, call = await bench.call(peer)
    call.repeat_invite()
    await until(lambda: statuses(call) == [100, 100])
    await asyncio.gather(leg.answer(), call.answered())
    call.repeat_invite()
    await until(lambda: statuses(call).count(200) == 2)
    first, second = (message for message in call.responses if message.status == 200)
    assert (first.get("To"), first.body) == (second.get("To"), second.body)
    assert bench.legs.empty()
    await leg.hangup()


async def test_what_is_lost_is_sent_again(bench, peer):
    leg, call = await bench.call(peer, auto_ack=False)
    await leg.answer()
    await until(lambda: statuses(call).count(200) == 2, 2)
    call.ack(next(message for message in call.responses if message.status == 200))
    call.mute = True
    await leg.hangup()
    await until(lambda: len([m for m in call.requests if m.method == "BYE"]) == 2, 2)
    call.reply(call.requests[-1], 200)


async def test_the_bye_waits_for_the_ack(bench, peer):
    leg, call = await bench.call(peer, auto_ack=False)
    await leg.answer()
    final = await call.response(200)
    await leg.hangup()
    await asyncio.sleep(0.1)
    assert not call.requests
    call.ack(final)
    assert (await call.request("BYE")).get("To") == call.local


async def test_a_call_that_nobody_acknowledges_ends(bench, peer, monkeypatch):
    monkeypatch.setattr(timers, "GIVE_UP", 0.5)
    leg, call = await bench.call(peer, auto_ack=False)
    await leg.answer()
    ended = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert (ended.by, ended.cause) == ("remote", Cause.FAILED)
    await call.request("BYE")


async def test_hold_stops_our_sound_and_its_end_starts_it_again(bench, peer):
    leg, call = await bench.answered(peer)
    held = await call.reinvite(sdp(*call.rtp.address, direction="sendonly"))
    assert (held.status, "a=recvonly" in held.body) == (200, True)
    await asyncio.sleep(0.1)
    quiet = len(call.rtp.received)
    await asyncio.sleep(0.2)
    assert len(call.rtp.received) == quiet
    back = await call.reinvite(sdp(*call.rtp.address))
    assert (back.status, "a=sendrecv" in back.body) == (200, True)
    await call.rtp.wait_for(quiet + 3)
    await leg.hangup()


async def test_an_offer_without_pcmu_is_refused(bench, peer):
    call = await peer.invite("32", bench.driver.address, codecs=("PCMA",))
    assert (await call.response(*range(200, 700))).status == 488
    leg, call = await bench.answered(peer)
    assert (await call.reinvite(sdp(*call.rtp.address, codecs=("PCMA",)))).status == 488
    assert leg.alive
    await leg.hangup()


async def test_an_invite_without_an_offer_gets_one(bench, peer):
    leg, call = await bench.call(peer, body="", auto_ack=False)
    answering = asyncio.ensure_future(leg.answer())
    final = await call.answered()
    assert "PCMU/8000" in final.body
    assert "PCMA" not in final.body
    call.ack(final, sdp(*call.rtp.address, codecs=("PCMU",)))
    await asyncio.wait_for(answering, 1)
    await call.rtp.wait_for(2)
    await leg.hangup()


async def test_every_stream_of_an_offer_has_its_answer(bench, peer):
    call = await peer.prepare("32", bench.driver.address)
    video = "m=video 9000 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"
    whole = sdp(*call.rtp.address)
    session, _, sound = whole.partition("m=")
    call.send_invite(f"{session}{video}m={sound}")
    leg = await bench.leg()
    await leg.answer()
    final = await call.response(200)
    streams = [line for line in final.body.split("\r\n") if line.startswith("m=")]
    assert streams[0] == "m=video 0 RTP/AVP 31"
    assert streams[1].startswith("m=audio 25")
    assert len(final.body.encode()) == int(final.get("Content-Length"))
    await leg.hangup()


async def test_a_key_is_found_without_its_first_packet(bench, peer):
    leg, call = await bench.answered(peer)
    await call.rtp.press("9", drop=(0,))
    assert await asyncio.wait_for(leg.digits.get(), 1) == "9"
    await leg.hangup()


async def test_one_call_too_many_is_refused_with_503(bench, peer, caplog):
    legs = [(await bench.answered(peer))[0] for _ in range(2)]
    call = await peer.invite("32", bench.driver.address)
    assert (await call.response(*range(200, 700))).status == 503
    with pytest.raises(NoChannel):
        await bench.driver.originate("201")
    assert "all 2 channels are taken" in caplog.text
    await asyncio.gather(*(leg.hangup() for leg in legs))


async def test_others_than_the_peer_get_silence(bench, peer):
    async with SipUa.open("127.0.0.2") as stranger:
        call = await stranger.invite("32", bench.driver.address)
        leg, known = await bench.call(peer)
        assert not call.responses
        assert leg.info.cli == "0143670903"
        await leg.reject(Cause.NOT_FOUND)
        assert (await known.response(*range(200, 700))).status == 404


async def test_names_are_read_as_they_are_written(bench, peer):
    leg, call = await bench.call(peer, name='"Anne \\"x\\" Rémi"')
    assert (leg.info.cli, leg.info.name) == ("0143670903", 'Anne "x" Rémi')
    call.cancel()
    await call.response(487)
    leg, call = await bench.call(peer, cli="anonymous")
    assert (leg.info.cli, leg.info.name) == ("", "")
    await leg.reject(Cause.BUSY)
    assert (await call.response(*range(200, 700))).status == 486


async def test_requests_outside_a_call(bench, peer):
    async def ask(method: str, **replaced: str) -> int:
        call = await peer.prepare("32", bench.driver.address)
        call._request(method)
        return (await call.response(method=method)).status

    assert [await ask(method) for method in ("OPTIONS", "BYE", "CANCEL", "MESSAGE")] == [200, 481, 481, 405]


async def test_a_message_that_pyvoip_cannot_read_harms_no_call(bench, peer, caplog):
    leg, call = await bench.answered(peer)
    offer = sdp(*call.rtp.address)
    via, contact = peer.via(), peer.contact()
    where = "sip:32@{}:{}".format(*bench.driver.address)
    lines = (
        f"INVITE {where} SIP/2.0\r\nv:{via}\r\nf: <tel:+331>;tag=1\r\nt: <{where}>\r\ni:bad@x\r\nCSeq: 1 INVITE\r\n"
    )
    for datagram in (b"\xff" * 50, b"INVITE\r\n\r\n", b"\r\n\r\n", lines.encode() + b"\r\n"):
        peer.send(datagram, bench.driver.address)
    await until(lambda: any(message.status == 400 for message in peer.log))
    good = lines.replace("<tel:+331>", '"R\xe9mi" <sip:331@x>').replace("bad@x", "good@x")
    good += f"m:{contact}\r\nc:application/sdp\r\nl:{len(offer)}\r\n\r\n{offer}"
    peer.send(good.encode("latin-1"), bench.driver.address)
    other = await bench.leg()
    assert (other.info.cli, other.info.did) == ("331", "32")
    await other.hangup()
    assert leg.alive
    assert "message that pyVoIP cannot read" in caplog.text
    await leg.hangup()


async def test_a_defect_in_one_call_ends_that_call_alone(bench, peer, monkeypatch, caplog):
    leg, call = await bench.answered(peer)
    other, _ = await bench.answered(peer)
    monkeypatch.setattr("drivers.pyvoip.call.media.changed", lambda *_: 1 / 0)
    call.send_invite(sdp(*call.rtp.address))
    ended = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert ended.cause is Cause.FAILED
    assert other.alive
    assert "ZeroDivisionError" in caplog.text
    await other.hangup()


async def test_a_media_worker_that_dies_ends_its_calls_and_is_replaced(bench, peer):
    leg, call = await bench.answered(peer)
    (worker,) = await bench.driver._pool.stats()
    os.kill(worker["pid"], signal.SIGKILL)
    ended = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert (ended.by, ended.detail) == ("local", "the media worker died")
    await asyncio.wait_for(call.over.wait(), 2)
    await until(lambda: bench.driver._pool._slots[0].usable, 5)
    leg, call = await bench.answered(peer)
    await call.rtp.wait_for(2)
    await leg.hangup()


async def test_stopping_hangs_up(bench, peer):
    _, call = await bench.answered(peer)
    await bench.driver.stop()
    assert call.over.is_set()


async def test_its_limits_are_said_once(peer, caplog):
    from drivers.pyvoip import PyVoipDriver

    driver = PyVoipDriver(listen="127.0.0.1:0", peer=f"{peer.host}:{peer.port}", rtp_ports=range(25400, 25410))
    with caplog.at_level(logging.WARNING):
        await driver.start(lambda _: None)
    await driver.stop()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(
        f"pyvoip: at most 25 calls with {peer.host}:{peer.port} alone; PCMU only, keys as telephone events or tones"
    )


def test_a_message_without_what_every_message_has_is_none():
    from drivers.pyvoip.text import Message as Read

    with pytest.raises(ValueError, match="no SIP message"):
        Read(Message("OPTIONS sip:x SIP/2.0", [("Via", "x")]).encode())
