"""UPDATE (RFC 3311), offers that cross (RFC 3264 section 4), and where requests go after a change (RFC 3261 section
12.2.2)."""

from __future__ import annotations

import asyncio

import pytest
from support.siprtp import RtpPort
from support.sipua import media_of, sdp, until

from engine.lines import Cause, Hangup


@pytest.fixture
async def elsewhere():
    port = await RtpPort.open()
    yield port
    port.close()


async def silent(rtp):
    """Nothing comes any more, once what was on its way has."""
    await asyncio.sleep(0.05)
    count = len(rtp.received)
    await asyncio.sleep(0.1)
    assert len(rtp.received) == count


async def called(bench, phone):
    """A call that we have made, answered."""
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    await call.answer()
    return await calling, call


@pytest.mark.parametrize("direction", ["in", "out"])
async def test_an_update_moves_the_media(bench, phone, elsewhere, direction):
    leg, call = await (bench.answered(phone) if direction == "in" else called(bench, phone))
    await call.rtp.wait_for(2)
    reply = await call.update(sdp(*elsewhere.address, codecs=["PCMU"]))
    assert reply.status == 200
    assert "UPDATE" in reply.get("Allow")
    assert media_of(reply.body)[1:] == ([0, 101], 101)
    assert (await elsewhere.wait_for(3))[0].payload_type == 0
    await silent(call.rtp)
    await leg.hangup()


@pytest.mark.parametrize("hold", [{"direction": "sendonly"}, {"direction": "inactive"}, {"host": "0.0.0.0"}])
async def test_hold_and_unhold_by_update(bench, phone, hold):
    leg, call = await bench.answered(phone)
    host, port = call.rtp.address
    held = await call.update(sdp(hold.get("host", host), port, direction=hold.get("direction", "sendrecv")))
    assert f"a={'inactive' if hold.get('direction') == 'inactive' else 'recvonly'}" in held.body
    await silent(call.rtp)
    await call.rtp.press("4")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "4"
    assert "a=sendrecv" in (await call.update(sdp(host, port))).body
    await call.rtp.wait_for(len(call.rtp.received) + 3)


async def test_an_update_without_an_offer_changes_the_target_only(bench, phone):
    leg, call = await bench.answered(phone)
    call.contact = f"<sip:moved@{phone.host}:{phone.port}>"
    reply = await call.update()
    assert (reply.status, reply.body) == (200, "")
    await call.rtp.wait_for(len(call.rtp.received) + 3)
    await leg.hangup()
    assert (await call.request("BYE")).start == f"BYE sip:moved@{phone.host}:{phone.port} SIP/2.0"


async def test_a_target_by_name_is_reached_where_it_was_heard_from(bench, phone):
    leg, call = await bench.answered(phone)
    call.contact = "<sip:moved@phone.invalid>"
    assert (await call.update()).status == 200
    await leg.hangup()
    assert (await call.request("BYE")).start == "BYE sip:moved@phone.invalid SIP/2.0"


async def test_an_offer_that_cannot_be_taken_changes_nothing(bench, phone):
    leg, call = await bench.answered(phone)
    target = call.contact
    call.contact = f"<sip:moved@{phone.host}:{phone.port}>"
    video = sdp(*call.rtp.address).replace("m=audio", "m=video")
    assert (await call.update(video)).status == 488
    await call.rtp.wait_for(len(call.rtp.received) + 3)
    await leg.hangup()
    assert (await call.request("BYE")).start == f"BYE {target.strip('<>')} SIP/2.0"


async def test_offers_that_cross(bench, phone, elsewhere):
    """While the answer to our offer is due, in the ACK of a re-INVITE without one, there is no other."""
    leg, call = await bench.answered(phone)
    call.auto_ack = False
    ours = await call.reinvite("")
    assert ours.body
    assert (await call.update(sdp(*elsewhere.address))).status == 491
    assert (await call.update()).status == 200
    call.ack(ours, sdp(*call.rtp.address))
    call.auto_ack = True
    await until(lambda: not leg.line.dialog.negotiation.offered)
    assert (await call.reinvite(sdp(*elsewhere.address))).status == 200
    await elsewhere.wait_for(3)


@pytest.mark.parametrize(("offers", "status"), [(True, 500), (False, 200)])
async def test_an_update_before_we_answer(bench, phone, offers, status):
    leg, call = await bench.call(phone)
    await leg.ring()
    await call.response(180)
    reply = await call.update(sdp(*call.rtp.address) if offers else "")
    assert reply.status == status
    assert bool(reply.get("Retry-After")) is offers
    await leg.answer()
    await until(lambda: any(m.status == 200 and m.method == "INVITE" for m in call.responses))
    await leg.hangup()


@pytest.mark.parametrize(("offers", "status"), [(True, 491), (False, 200)])
async def test_an_update_before_we_are_answered(bench, phone, offers, status):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.ring()
    assert (await call.update(sdp(*call.rtp.address) if offers else "")).status == status
    await call.answer()
    leg = await asyncio.wait_for(calling, 3)
    await call.rtp.wait_for(3)
    await leg.hangup()


async def test_an_update_that_requires_what_we_do_not_have(bench, phone):
    _, call = await bench.answered(phone)
    reply = await call.update(headers=[("Require", "precondition, 100rel")])
    assert (reply.status, reply.get("Unsupported")) == (420, "precondition, 100rel")


@pytest.mark.parametrize(
    ("method", "status"),
    [("MESSAGE", 405), ("SUBSCRIBE", 405), ("PRACK", 405), ("NOTIFY", 481), ("OPTIONS", 200), ("MAGIC", 501)],
)
async def test_every_request_in_a_call_is_answered(bench, phone, method, status):
    leg, call = await bench.answered(phone)
    reply = await call.ask(method)
    assert reply.status == status
    if status == 405:
        assert "UPDATE" in reply.get("Allow")
    await call.bye()
    assert await leg.ended == Hangup("remote", Cause.NORMAL)
