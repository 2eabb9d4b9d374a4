"""Calls of ours to the peer."""

from __future__ import annotations

import asyncio

import pytest
from support.sipua import sdp, until

from drivers.pyvoip import timers
from engine.errors import LegGone, OriginateError, Unsupported
from engine.lines import Cause


async def test_a_number_is_called_at_the_peer(bench, peer):
    dialling = asyncio.ensure_future(bench.driver.originate("0143670900", caller_id="0611223344"))
    call = await peer.next_call()
    assert call.requests[0].start.startswith("INVITE sip:0143670900@")
    assert "<sip:0611223344@" in call.requests[0].get("From")
    call.ring()
    await call.answer(codecs=("PCMU",))
    leg = await dialling
    assert (leg.info.direction, leg.info.did) == ("out", "0143670900")
    call.repeat_reply()
    await until(lambda: [message.method for message in call.requests] == ["INVITE", "ACK", "ACK"])
    keys = asyncio.ensure_future(leg.send_digits("42"))
    await call.rtp.wait_for(20)
    await keys
    assert {packet.payload[0] for packet in call.rtp.received if packet.payload_type == 101} == {4, 2}
    with pytest.raises(Unsupported):
        await leg.transfer("201")
    await call.bye()
    await asyncio.wait_for(asyncio.shield(leg.ended), 1)
    with pytest.raises(LegGone):
        await leg.transfer("201")


async def test_whom_we_call_may_hold_us(bench, peer):
    dialling = asyncio.ensure_future(bench.driver.originate("201"))
    call = await peer.next_call()
    await call.answer(codecs=("PCMU",))
    leg = await dialling
    call.local, call.remote, call.last_invite = call.local, call.requests[0].get("From"), None
    held = await call.reinvite(sdp(*call.rtp.address, direction="inactive"))
    back = await call.reinvite(sdp(*call.rtp.address))
    assert [message.status for message in (held, back)] == [200, 200]
    origins = [line for m in (held, back) for line in m.body.split("\r\n") if line.startswith("o=")]
    (_, one, first, *_), (_, two, second, *_) = (origin.split() for origin in origins)
    assert (one, int(second)) == (two, int(first) + 1)
    await leg.hangup()
    assert (await call.request("BYE")).cseq == call.requests[0].cseq + 1


async def test_only_the_peer_is_called(bench):
    for address in ("sip:201@127.0.0.9", "sip:201@localhost", "anne", "sip:a%0d%0aX@127.0.0.1:1"):
        with pytest.raises(ValueError, match="no number"):
            await bench.driver.originate(address)


@pytest.mark.parametrize(("status", "cause"), [(407, Cause.REJECTED), (480, Cause.NO_ANSWER), (404, Cause.NOT_FOUND)])
async def test_a_refusal_has_its_cause(bench, peer, status: int, cause: Cause):
    dialling = asyncio.ensure_future(bench.driver.originate("201"))
    call = await peer.next_call()
    call.reject(status)
    with pytest.raises(OriginateError) as refused:
        await dialling
    assert refused.value.cause is cause
    assert (await call.request("ACK")).get("Via") == call.requests[0].get("Via")


async def test_nobody_there_is_no_answer(bench, peer, monkeypatch):
    monkeypatch.setattr(timers, "GIVE_UP", 0.6)
    dialling = asyncio.ensure_future(bench.driver.originate("201"))
    monkeypatch.setattr(peer, "send", lambda *_: None)
    with pytest.raises(OriginateError) as failed:
        await asyncio.wait_for(dialling, 3)
    assert failed.value.cause is Cause.NO_ANSWER


async def test_an_answer_that_crosses_the_withdrawal_is_hung_up_on(bench, peer):
    dialling = asyncio.ensure_future(bench.driver.originate("201"))
    call = await peer.next_call()
    call.mute = True
    call.ring()
    await asyncio.sleep(0.1)
    dialling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialling
    call.reply(await call.request("CANCEL"), 200)
    await call.answer(codecs=("PCMU",))
    call.reply(await call.request("BYE"), 200)
