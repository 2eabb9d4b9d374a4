"""Session timers (RFC 4028), both roles on both sides; intervals of a second where time must pass."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.sipua import media_of, sdp, until

from drivers.sip import SipDriver
from engine.lines import Cause, Hangup

TIMER = ("Supported", "timer")
UPDATES = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE")


@pytest.fixture
def quick(monkeypatch):
    """Intervals below 90 s are allowed: one second is refreshed after 0.5 s and over after 0.67 s."""
    monkeypatch.setattr("drivers.sip.session_timer.MIN_SE", 1)


@pytest.fixture
async def hasty(phone, quick):
    """A driver that asks for a second."""
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1, session_timer=1)
    await driver.start(lambda leg: None)
    yield driver
    await driver.stop()


async def answered_with(bench, phone, *headers):
    """A call in progress whose INVITE had those headers; its 200 too."""
    leg, call = await bench.call(phone, headers=headers)
    _, final = await asyncio.gather(leg.answer(), call.answered())
    return leg, call, final


async def called(driver, phone, *headers):
    """A call that we have made, answered with those headers."""
    calling = asyncio.create_task(driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.reply(call.requests[0], 200, sdp(*call.rtp.address), headers=headers)
    return await asyncio.wait_for(calling, 3), call


async def refresh(call, method, count=1):
    """The refresh number `count` of the far end."""
    skip = 1 if call.incoming and method == "INVITE" else 0

    def seen():
        return list({m.cseq: m for m in call.requests if m.method == method}.values())[skip:]

    await until(lambda: len(seen()) >= count)
    return seen()[count - 1]


@pytest.mark.parametrize(
    ("headers", "expires", "required"),
    [
        ([], "1800;refresher=uas", ""),
        ([TIMER], "1800;refresher=uas", ""),
        ([TIMER, ("Session-Expires", "600;refresher=uac")], "600;refresher=uac", "timer"),
        ([TIMER, ("x", "600;refresher=uac")], "600;refresher=uac", "timer"),
        ([("k", "timer"), ("Session-Expires", "600 ; Refresher=UAC")], "600;refresher=uac", "timer"),
        ([TIMER, ("Session-Expires", "600;refresher=uas")], "600;refresher=uas", ""),
        ([TIMER, ("Session-Expires", "600")], "600;refresher=uas", ""),
        ([("Session-Expires", "600;refresher=uac")], "600;refresher=uas", ""),
        ([TIMER, ("Session-Expires", "7200"), ("Min-SE", "3600")], "3600;refresher=uas", ""),
        ([("Session-Expires", "5")], "90;refresher=uas", ""),
        ([TIMER, ("Session-Expires", "soon")], "1800;refresher=uas", ""),
        ([TIMER, ("Require", "timer")], "1800;refresher=uas", ""),
    ],
)
async def test_what_is_agreed_with_a_caller(bench, phone, headers, expires, required):
    leg, _, final = await answered_with(bench, phone, *headers)
    assert final.get("Session-Expires") == expires
    assert final.get("Require") == required
    await leg.hangup()


async def test_an_interval_that_is_too_short(bench, phone):
    call = await phone.invite("32", bench.driver.address, headers=[TIMER, ("Session-Expires", "60")])
    refusal = await call.response(422)
    assert refusal.get("Min-SE") == "90"
    assert bench.legs.empty()


async def test_no_timer_unless_the_far_end_asks(phone):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1, session_timer=0)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    for asked in ([], [("Session-Expires", "600;refresher=uac")]):
        call = await phone.invite("32", driver.address, headers=[TIMER, *asked])
        await (await legs.get()).answer()
        assert (await call.answered()).get("Session-Expires") == "".join(value for _, value in asked)
    leg, made = await called(driver, phone)
    assert made.requests[0].get("Session-Expires") == ""
    assert made.requests[0].get("Supported") == "timer, replaces"
    await leg.hangup()
    await driver.stop()


async def test_we_refresh_by_update(bench, phone, quick):
    """As long as it is answered, the call goes on."""
    leg, call, _ = await answered_with(bench, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uas"))
    began = time.monotonic()
    update = await refresh(call, "UPDATE")
    assert 0.2 < time.monotonic() - began < 0.9
    assert (update.get("Session-Expires"), update.get("Supported")) == ("1;refresher=uac", "timer, replaces")
    assert update.body == ""
    await refresh(call, "UPDATE", 2)
    assert leg.alive
    await leg.hangup()
    await bench.idle()


async def test_we_refresh_by_reinvite(bench, phone, quick):
    """With what was agreed last, and acknowledged; the sound goes on."""
    leg, call, final = await answered_with(bench, phone, TIMER, ("Session-Expires", "1;refresher=uas"))
    call.mute = True
    again = await refresh(call, "INVITE")
    assert again.body == final.body
    call.reply(again, 200, sdp(*call.rtp.address), headers=[("Session-Expires", "1;refresher=uac")])
    assert (await call.request("ACK")).cseq == again.cseq
    await call.rtp.wait_for(len(call.rtp.received) + 3)
    call.mute = False
    await call.bye()
    assert await leg.ended == Hangup("remote", Cause.NORMAL)


async def test_a_reinvite_follows_the_route_of_the_call(bench, phone, quick):
    """Its ACK too, though its answer names no route."""
    route = f"<sip:{phone.host}:{phone.port};lr>"
    leg, call, _ = await answered_with(
        bench, phone, TIMER, ("Session-Expires", "1;refresher=uas"), ("Record-Route", route)
    )
    call.mute = True
    again = await refresh(call, "INVITE")
    assert again.get("Route") == route
    keep = [(name, again.get(name)) for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    keep += [("Contact", "<sip:test@127.0.0.1:9>"), ("Content-Type", "application/sdp")]
    phone.send(type(again)("SIP/2.0 200 OK", keep, sdp(*call.rtp.address)), call.peer)
    ack = await call.request("ACK")
    assert (ack.start, ack.get("Route")) == ("ACK sip:test@127.0.0.1:9 SIP/2.0", route)
    call.mute = False
    await leg.hangup()


async def test_an_update_that_is_not_known_becomes_a_reinvite(bench, phone, quick):
    leg, call, _ = await answered_with(bench, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uas"))
    call.mute = True
    call.reply(await refresh(call, "UPDATE"), 405)
    call.reply(await refresh(call, "INVITE"), 200, sdp(*call.rtp.address))
    await call.request("ACK")
    assert leg.alive
    call.mute = False
    await leg.hangup()


async def test_a_far_end_that_knows_the_call_no_more(bench, phone, quick):
    leg, call, _ = await answered_with(bench, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uas"))
    call.mute = True
    call.reply(await refresh(call, "UPDATE"), 481)
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 1)
    assert (hangup.by, hangup.cause) == ("remote", Cause.FAILED)
    assert "481" in hangup.detail
    await bench.idle()


async def test_a_far_end_that_has_vanished(bench, phone, quick):
    """Our refresh is not answered."""
    leg, call, _ = await answered_with(bench, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uas"))
    call.mute = True
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert (hangup.by, hangup.cause, hangup.detail) == (
        "remote",
        Cause.FAILED,
        "no refresh of the session within 1 s",
    )
    await call.request("BYE")


async def test_a_far_end_that_does_not_refresh(bench, phone, quick):
    leg, call, _ = await answered_with(bench, phone, TIMER, ("Session-Expires", "1;refresher=uac"))
    began = time.monotonic()
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert 0.3 < time.monotonic() - began < 1.0
    assert hangup.detail == "no refresh of the session within 1 s"
    await call.request("BYE")
    assert not any(m.method in ("UPDATE", "INVITE") for m in call.requests)


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
async def test_a_far_end_that_refreshes(bench, phone, quick, method):
    asked = [TIMER, ("Session-Expires", "1;refresher=uac")]
    leg, call, _ = await answered_with(bench, phone, *asked)
    for _ in range(3):
        await asyncio.sleep(0.4)
        if method == "UPDATE":
            reply = await call.update(headers=asked)
        else:
            call.send_invite(sdp(*call.rtp.address), asked)
            reply = await call.response(200)
        assert (reply.get("Session-Expires"), reply.get("Require")) == ("1;refresher=uac", "timer")
    assert leg.alive
    await leg.hangup()


@pytest.mark.parametrize(("direction", "between"), [("in", (0, 2)), ("out", (2.1, 4))])
async def test_refreshes_that_cross(bench, hasty, phone, quick, monkeypatch, direction, between):
    """491: again a little later, whoever has chosen the Call-ID after the other (RFC 3261 section 14.1)."""
    drawn = []
    monkeypatch.setattr("drivers.sip.session_timer.random.uniform", lambda *limits: drawn.append(limits) or 0.01)
    if direction == "in":
        leg, call, _ = await answered_with(bench, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uas"))
    else:
        leg, call = await called(hasty, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uac"))
    call.mute = True
    call.reply(await refresh(call, "UPDATE"), 491)
    call.reply(await refresh(call, "UPDATE", 2), 200, headers=[("Session-Expires", "1;refresher=uac")])
    await refresh(call, "UPDATE", 3)
    assert drawn == [between]
    assert leg.alive
    call.mute = False
    await leg.hangup()


async def test_a_called_party_that_refreshes(hasty, phone):
    leg, call = await called(hasty, phone, TIMER, ("Session-Expires", "1;refresher=uas"))
    invite = call.requests[0]
    assert (invite.get("Session-Expires"), invite.get("Supported")) == ("1", "timer, replaces")
    await asyncio.sleep(0.4)
    assert (await call.update(headers=[TIMER, ("Session-Expires", "1;refresher=uac")])).status == 200
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 2)
    assert hangup.detail == "no refresh of the session within 1 s"
    await call.request("BYE")


async def test_we_refresh_a_call_that_we_have_made(hasty, phone):
    leg, call = await called(hasty, phone, TIMER, UPDATES, ("Session-Expires", "1;refresher=uac"))
    update = await refresh(call, "UPDATE")
    assert update.get("Session-Expires") == "1;refresher=uac"
    assert leg.alive
    await leg.hangup()


async def test_a_called_party_without_timers(hasty, phone):
    leg, call = await called(hasty, phone)
    await asyncio.sleep(1.0)
    assert leg.alive
    assert [m.method for m in call.requests] == ["INVITE", "ACK"]
    await leg.hangup()


async def test_a_called_party_that_wants_a_longer_interval(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201"), caller_id="100"))
    call = await phone.next_call()
    first = call.requests[0]
    assert (first.get("Session-Expires"), first.get("Min-SE")) == ("1800", "")
    call.reply(first, 422, headers=[("Min-SE", "3600")])
    second = await refresh(call, "INVITE")
    assert (second.get("Session-Expires"), second.get("Min-SE")) == ("3600", "3600")
    assert second.cseq == first.cseq + 1
    assert [m.method for m in call.requests[:3]] == ["INVITE", "ACK", "INVITE"]
    assert (second.get("From"), second.body) == (first.get("From"), first.body)
    assert media_of(second.body)[1] == [8, 0, 101]
    call.requests.remove(first)
    await call.answer()
    leg = await asyncio.wait_for(calling, 3)
    await leg.hangup()
    await call.request("BYE")


async def test_an_interval_that_is_refused_without_a_reason(bench, phone):
    """The same again would be refused again."""
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.reject(422)
    with pytest.raises(Exception, match="422"):
        await asyncio.wait_for(calling, 3)
    await bench.idle()
