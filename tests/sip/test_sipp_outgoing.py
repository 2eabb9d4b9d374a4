"""Calls that SIPp answers, or does not: what becomes of them, and which number it is shown."""

from __future__ import annotations

import asyncio

import pytest
from support.sipp import ended, running, sipp
from support.sipua import until

from engine.errors import OriginateError
from engine.lines import Cause, Hangup


async def test_answered(bench, tmp_path):
    rings = []
    async with sipp(tmp_path, "uas_answers") as called:
        leg = await bench.driver.originate(called.uri("201"), caller_id="100", on_ringing=lambda: rings.append(True))
        await leg.hangup()
    assert rings == [True]
    assert called.messages("received")[0].startswith(f"INVITE {called.uri('201')} SIP/2.0\n")
    await bench.idle()


async def test_hung_up_on(bench, tmp_path):
    async with sipp(tmp_path, "uas_hangs_up", "-d", 50) as called:
        leg = await bench.driver.originate(called.uri("201"))
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


async def test_early_media(bench, phone, tmp_path):
    """The caller who waits hears what is said before the 200."""
    said = bytes(range(0x80, 0xD0)) * 2  # a packet's worth
    (tmp_path / "sound.alaw").write_bytes(said * 10)
    caller, call = await bench.answered(phone)
    async with sipp(tmp_path, "uas_early_media", "-d", 400) as called:
        calling = asyncio.create_task(bench.driver.originate(called.uri("201"), near=caller, early=True))
        await until(lambda: any(packet.payload == said for packet in call.rtp.received))
        assert not calling.done()
        leg = await calling
        await leg.hangup()
    await caller.hangup()
    await bench.idle()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("486 Busy Here", Cause.BUSY),
        ("480 Temporarily Unavailable", Cause.NO_ANSWER),
        ("603 Decline", Cause.REJECTED),
        ("403 Forbidden", Cause.REJECTED),
        ("404 Not Found", Cause.NOT_FOUND),
        ("503 Service Unavailable", Cause.CONGESTION),
        ("500 Server Internal Error", Cause.FAILED),
    ],
)
async def test_refused(bench, tmp_path, answer, cause):
    async with sipp(tmp_path, "uas_refuses", keys={"answer": f"SIP/2.0 {answer}"}) as called:
        with pytest.raises(OriginateError, match=answer) as caught:
            await bench.driver.originate(called.uri("201"))
    assert caught.value.cause is cause
    await bench.idle()


async def test_rung_for_too_long(bench, tmp_path):
    async with sipp(tmp_path, "uas_no_answer") as called:
        calling = asyncio.create_task(bench.driver.originate(called.uri("201")))
        await called.received("INVITE ")
        await asyncio.wait([calling], timeout=0.1)
        calling.cancel()
        await asyncio.wait([calling])
    assert calling.cancelled()
    await bench.idle()


async def test_the_answer_crosses_our_cancel(bench, tmp_path):
    async with sipp(tmp_path, "uas_answers_late") as called:
        calling = asyncio.create_task(bench.driver.originate(called.uri("201")))
        await called.received("INVITE ")
        await asyncio.wait([calling], timeout=0.1)
        calling.cancel()
        await asyncio.wait([calling])
    assert calling.cancelled()
    await bench.idle()


async def test_an_invite_an_ack_and_a_bye_that_are_lost(bench, tmp_path):
    async with sipp(tmp_path, "uas_loses", "-nr") as called:
        leg = await bench.driver.originate(called.uri("201"))
        await called.received("ACK ", 2)
        await leg.hangup()
    for method in ("INVITE", "BYE"):
        first, second = await called.received(method, 2)
        assert first == second
    await bench.idle()


@pytest.mark.parametrize(
    ("trunk", "sender", "asserted"),
    [
        ({}, "0143670903", "0143670903"),
        ({"assert_caller": False}, "0143670903", ""),
        ({"user": "me", "from_user": "0143670900"}, "0143670900", "0143670903"),
        ({"user": "0143670900", "from_user": "0143670900", "assert_caller": False}, "0143670900", ""),
    ],
)
async def test_the_number_presented_by_a_trunk(tmp_path, trunk, sender, asserted):
    async with sipp(tmp_path, "uas_answers") as called:
        operator = {"host": "127.0.0.1", "port": called.port, **trunk}
        async with running(trunks={"operator": operator}) as driver:
            await (await driver.call("0155512345", caller_id="0143670903")).hangup()
    invite = called.messages("received")[0]
    assert f"\nFrom: <sip:{sender}@127.0.0.1>;tag=" in invite
    assert (f"P-Asserted-Identity: <sip:{asserted}@127.0.0.1>\n" in invite) == bool(asserted)
    assert ("P-Asserted-Identity" in invite) == bool(asserted)
