"""Transfers that we ask for: REFER and its reports (RFC 3515, RFC 5589, RFC 3891)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote

import pytest
from support.sipua import until

from engine.errors import LegGone, OriginateError, Unsupported
from engine.lines import Capability, Cause, Hangup

TRANSFERRED = Hangup("local", Cause.NORMAL, "transferred")


async def referred(leg, call, to="sip:201@192.0.2.7:5090", status=202, **options):
    """A transfer whose REFER the far end has answered with `status`."""
    call.on_refer = lambda request: call.reply(request, status)
    moving = asyncio.create_task(leg.transfer(to, **options))
    return moving, await call.request("REFER")


async def test_a_caller_is_transferred(bench, phone):
    assert Capability.TRANSFER in bench.driver.capabilities
    leg, call = await bench.answered(phone)
    moving, refer = await referred(leg, call)
    assert refer.get("Refer-To") == "<sip:201@192.0.2.7:5090>"
    assert refer.get("Referred-By").startswith("<sip:32@127.0.0.1")
    assert refer.get("Contact")
    for status in ("100 Trying", "180 Ringing"):
        call.notify(status)
        assert (await call.response(method="NOTIFY")).status == 200
    assert not moving.done()
    call.notify("200 OK", state="terminated;reason=noresource")
    await asyncio.wait_for(moving, 3)
    assert await leg.ended == TRANSFERRED
    await call.request("BYE")
    assert (await call.response(method="NOTIFY")).status == 200
    await bench.idle()


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ("201", "<sip:201@127.0.0.1:{port}>"),
        ("+33143670903", "<sip:+33143670903@127.0.0.1:{port}>"),
        ("sip:201@pbx.example", "<sip:201@pbx.example>"),
        ("sip:%2321%23@pbx.example", "<sip:#21#@pbx.example>"),
    ],
)
async def test_a_number_is_one_of_the_far_end(bench, phone, to, asked):
    leg, call = await bench.answered(phone)
    moving, refer = await referred(leg, call, to)
    assert refer.get("Refer-To") == asked.format(port=phone.port)
    call.notify("200 OK", state="terminated")
    await moving


async def test_a_late_report_on_the_transfer_before(bench, phone):
    """Its Event names the REFER that it is about (RFC 3515 section 2.4.6)."""
    leg, call = await bench.answered(phone)
    moving, first = await referred(leg, call)
    call.notify("486 Busy Here")
    with pytest.raises(OriginateError):
        await asyncio.wait_for(moving, 3)
    call.requests.remove(first)
    moving, second = await referred(leg, call)
    call.notify("503 Service Unavailable", about=first)
    assert (await call.response(method="NOTIFY")).status == 200
    await asyncio.sleep(0.05)
    assert not moving.done()
    call.notify("200 OK", about=second)
    await asyncio.wait_for(moving, 3)


async def test_somewhere_that_is_no_address(bench, phone):
    leg, call = await bench.answered(phone)
    with pytest.raises(Unsupported, match="cannot be transferred"):
        await leg.transfer("virtual:3")
    assert leg.alive
    assert not any(m.method == "REFER" for m in call.requests)


@pytest.mark.parametrize(
    ("report", "cause"),
    [
        ("486 Busy Here", Cause.BUSY),
        ("480 Temporarily Unavailable", Cause.NO_ANSWER),
        ("603 Decline", Cause.REJECTED),
        ("500 Server Internal Error", Cause.FAILED),
        ("404", Cause.NOT_FOUND),
    ],
)
async def test_a_target_that_does_not_take_the_call(bench, phone, report, cause):
    """The caller is still ours."""
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call)
    call.notify("100 Trying")
    call.notify(report, state="terminated;reason=noresource")
    with pytest.raises(OriginateError, match=report) as caught:
        await asyncio.wait_for(moving, 3)
    assert caught.value.cause is cause
    await call.rtp.press("5")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "5"
    again, _ = await referred(leg, call)
    await until(lambda: [m.method for m in call.requests].count("REFER") == 2)
    call.notify("200 OK", state="terminated")
    await again


@pytest.mark.parametrize("status", [405, 501, 420])
async def test_a_far_end_that_does_not_know_refer(bench, phone, status):
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call, status=status)
    with pytest.raises(Unsupported, match=str(status)):
        await asyncio.wait_for(moving, 3)
    assert leg.alive


async def test_a_far_end_that_does_not_want_to(bench, phone):
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call, status=603)
    with pytest.raises(OriginateError, match="603") as caught:
        await asyncio.wait_for(moving, 3)
    assert caught.value.cause is Cause.REJECTED
    assert leg.alive


async def test_a_far_end_that_does_not_know_the_call_any_more(bench, phone):
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call, status=481)
    with pytest.raises(LegGone):
        await asyncio.wait_for(moving, 3)
    assert leg.ended.result().by == "remote"
    await bench.idle()


async def test_an_exchange_that_lets_go_of_us(bench, phone):
    """202, and then BYE without a report."""
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call)
    assert (await call.bye()).status == 200
    await asyncio.wait_for(moving, 3)
    assert await leg.ended == TRANSFERRED
    await bench.idle()


async def test_a_caller_who_hangs_up_meanwhile(bench, phone):
    leg, call = await bench.answered(phone)
    call.on_refer = lambda _: None
    moving = asyncio.create_task(leg.transfer("201"))
    await call.request("REFER")
    await call.bye()
    with pytest.raises(LegGone):
        await asyncio.wait_for(moving, 3)
    assert await leg.ended == Hangup("remote", Cause.NORMAL)


async def test_a_report_that_overtakes_the_consent(bench, phone):
    leg, call = await bench.answered(phone)
    call.on_refer = lambda _: None
    moving = asyncio.create_task(leg.transfer("201"))
    refer = await call.request("REFER")
    call.notify("486 Busy Here", state="terminated")
    with pytest.raises(OriginateError) as caught:
        await asyncio.wait_for(moving, 3)
    assert caught.value.cause is Cause.BUSY
    call.reply(refer, 202)
    await call.rtp.press("5")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "5"


@pytest.mark.parametrize(("reported", "cause"), [("100 Trying", Cause.FAILED), ("180 Ringing", Cause.NO_ANSWER)])
async def test_a_far_end_that_says_no_more(bench, phone, monkeypatch, reported, cause):
    monkeypatch.setattr("drivers.sip.refer.NEWS_WITHIN", 0.2)
    monkeypatch.setattr("drivers.sip.refer.RINGING_FOR", 0.2)
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call)
    call.notify(reported)
    with pytest.raises(OriginateError, match=r"no report for 0\.2 s") as caught:
        await asyncio.wait_for(moving, 3)
    assert caught.value.cause is cause
    assert leg.alive
    call.notify("200 OK", state="terminated")  # late: the caller has somebody to talk to
    assert await asyncio.wait_for(asyncio.shield(leg.ended), 3) == TRANSFERRED


async def test_a_report_that_nobody_has_asked_for(bench, phone):
    leg, call = await bench.answered(phone)
    call.notify("200 OK")
    assert (await call.response(method="NOTIFY")).status == 481
    assert leg.alive


async def test_a_report_without_a_status(bench, phone):
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call)
    call._request("NOTIFY", "what?", [("Event", "refer"), ("Content-Type", "message/sipfrag")])
    assert (await call.response(method="NOTIFY")).status == 200
    assert not moving.done()
    call.notify("200 OK", state="terminated")
    await moving


async def test_one_transfer_at_a_time(bench, phone):
    leg, call = await bench.answered(phone)
    moving, _ = await referred(leg, call)
    with pytest.raises(Unsupported, match="already"):
        await leg.transfer("202")
    await leg.hangup()
    with pytest.raises(LegGone):
        await moving
    assert await leg.ended == Hangup("local", Cause.NORMAL)


async def test_a_transfer_asked_for_before_our_answer_is_acknowledged(bench, phone):
    leg, call = await bench.call(phone, auto_ack=False)
    await leg.answer()
    final = await call.answered()
    call.on_refer = lambda request: call.reply(request, 202)
    moving = asyncio.create_task(leg.transfer("201"))
    with pytest.raises(TimeoutError):
        await call.request("REFER", timeout=0.2)
    call.ack(final)
    await call.request("REFER")
    call.notify("200 OK", state="terminated")
    await moving


async def test_a_caller_who_is_not_answered_yet_is_answered(bench, phone):
    leg, call = await bench.call(phone)
    moving, _ = await referred(leg, call)
    call.notify("200 OK", state="terminated")
    await asyncio.wait_for(moving, 3)
    assert [m.status for m in call.responses if m.method == "INVITE"][-1] == 200


async def test_an_attended_transfer(bench, phone):
    """The agent whom we have called gets the caller in place of our call (RFC 3891)."""
    leg, call = await bench.answered(phone)
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    agent = await phone.next_call()
    await agent.answer()
    other = await calling
    moving, refer = await referred(leg, call, phone.uri("201"), replacing=other)
    target, replaces = re.fullmatch(r"<([^?]+)\?Replaces=([^>]+)>", refer.get("Refer-To")).groups()
    assert target == agent.contact.strip("<>")
    call_id, to_tag, from_tag = unquote(replaces).split(";")
    assert call_id == agent.call_id
    assert agent.local.endswith(to_tag.removeprefix("to-"))
    assert agent.remote.endswith(from_tag.removeprefix("from-"))
    call.notify("200 OK", state="terminated")
    await moving
    await agent.bye()
    assert await other.ended == Hangup("remote", Cause.NORMAL)


async def test_a_challenge_to_refer(bench, phone):
    """Answered once; without a password the transfer is refused."""
    leg, call = await bench.answered(phone)
    challenge = 'Digest realm="pbx", nonce="abc", algorithm=MD5, qop="auth"'
    call.on_refer = lambda request: call.reply(request, 407, headers=[("Proxy-Authenticate", challenge)])
    with pytest.raises(OriginateError, match="407") as caught:
        await asyncio.wait_for(leg.transfer("201"), 3)
    assert caught.value.cause is Cause.REJECTED


async def test_a_challenge_to_refer_with_a_password(bench, phone):
    leg, call = await bench.answered(phone)
    leg.line.dialog.username, leg.line.dialog.password = "32", "secret"
    challenge = 'Digest realm="pbx", nonce="abc", algorithm=MD5, qop="auth"'

    def on_refer(request):
        authorized = request.get("Proxy-Authorization")
        call.reply(request, 202 if authorized else 407, headers=[("Proxy-Authenticate", challenge)])

    call.on_refer = on_refer
    moving = asyncio.create_task(leg.transfer("201"))
    await until(lambda: any(m.get("Proxy-Authorization") for m in call.requests))
    call.notify("200 OK", state="terminated")
    await asyncio.wait_for(moving, 3)
