"""Transfers: REFER that SIPp accepts, refuses or reports on, and calls that are taken over."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from support.sipp import ended, sipp

from engine.errors import OriginateError, Unsupported
from engine.lines import Cause, Hangup


def identity(message):
    """Call-ID, and the tags of To and of From."""
    return tuple(re.search(rf"^{name}(.*)$", message, re.M)[1] for name in ("Call-ID: ", "To:.*tag=", "From:.*tag="))


@pytest.mark.parametrize(
    ("report", "cause"),
    [
        ("486 Busy Here", Cause.BUSY),
        ("480 Temporarily Unavailable", Cause.NO_ANSWER),
        ("603 Decline", Cause.REJECTED),
    ],
)
async def test_a_transfer_that_is_reported_to_have_failed(bench, tmp_path, report, cause):
    """The caller is still ours."""
    async with sipp(tmp_path, "uac_transfer_fails", "-d", 100, keys={"report": report}, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        with pytest.raises(OriginateError, match=report) as caught:
            await leg.transfer("201")
        assert caught.value.cause is cause
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


@pytest.mark.parametrize(
    ("answer", "error"), [("403 Forbidden", OriginateError), ("405 Method Not Allowed", Unsupported)]
)
async def test_a_transfer_that_is_refused(bench, tmp_path, answer, error):
    keys = {"answer": f"SIP/2.0 {answer}"}
    async with sipp(tmp_path, "uac_transfer_refused", "-d", 100, keys=keys, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        with pytest.raises(error, match=answer[:3]):
            await leg.transfer("201")
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


async def test_transferred_to_a_colleague_who_is_on_the_line(bench, tmp_path):
    async with sipp(tmp_path, "uas_answers") as colleague:
        other = await bench.driver.originate(colleague.uri("201"))
        async with sipp(tmp_path, "uac_transferred_attended", to=bench.driver.address) as caller:
            leg = await bench.leg()
            await leg.answer()
            await leg.transfer(colleague.uri("201"), replacing=other)
            assert (await ended(leg)).detail == "transferred"
        await other.hangup()
    (refer,) = await caller.received("REFER ")
    target = re.search(r"^Refer-To: <(sip:.*)\?Replaces=(.*)>$", refer, re.MULTILINE | re.IGNORECASE)
    call_id, to_tag, from_tag = identity((await colleague.received("ACK "))[0])
    assert target[1] == colleague.uri("").replace("@", "")
    assert unquote(target[2]) == f"{call_id};to-tag={to_tag};from-tag={from_tag}"


async def test_a_call_that_is_taken_over(bench, tmp_path):
    """An INVITE with Replaces: the leg goes on with the new far end, the old one is hung up on."""
    async with sipp(tmp_path, "uac_waits", to=bench.driver.address) as desk:
        leg = await bench.leg()
        await leg.answer()
        (answer,) = await desk.received("SIP/2.0 200 ")
        call_id, ours, theirs = identity(answer)
        replaces = f"Replaces: {call_id};to-tag={ours};from-tag={theirs}"
        async with sipp(tmp_path, "uac_call", "-d", 100, keys={"extra": replaces}, to=bench.driver.address):
            await desk.received("BYE ")
            assert leg.alive
            assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    assert bench.legs.empty()
    await bench.idle()


async def test_a_call_that_nobody_has_is_not_taken_over(bench, tmp_path):
    keys = {"extra": "Replaces: nobody;to-tag=1;from-tag=2"}
    async with sipp(tmp_path, "uac_refused", keys=keys, to=bench.driver.address) as caller:
        pass
    assert caller.messages("received")[-1].startswith("SIP/2.0 481 ")
    assert bench.legs.empty()
