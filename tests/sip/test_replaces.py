"""An INVITE that takes over a call (RFC 3891): what a phone's attended transfer ends with."""

from __future__ import annotations

import asyncio

import pytest
from support.sipua import SipUa, sdp, until

from engine.errors import OriginateError
from engine.lines import Cause, Hangup

SAID = bytes(range(0x80, 0xD0)) * 2


@pytest.fixture
async def second():
    async with SipUa.open() as ua:
        yield ua


def tag(address):
    return address.rpartition("tag=")[2]


def replaces(call, extra=""):
    """`call` as somebody else names it to the driver, whose own tag is the far one of the test's call."""
    return [("Replaces", f"{call.call_id};to-tag={tag(call.remote)};from-tag={tag(call.local)}{extra}")]


async def hears(rtp, other):
    async with asyncio.timeout(3):
        while not any(packet.payload == SAID for packet in rtp.received):
            other.send(SAID)
            await asyncio.sleep(0.02)


async def test_a_call_that_is_taken_over_while_it_is_being_transferred(bench, phone, second):
    """Whom we have asked to transfer is gone: nobody will report any more."""
    leg, caller = await bench.answered(phone)
    caller.on_refer = lambda request: caller.reply(request, 202)
    moving = asyncio.create_task(leg.transfer("sip:201@192.0.2.7"))
    await caller.request("REFER")
    other = await second.prepare("32", bench.driver.address)
    other.send_invite(sdp(*other.rtp.address), replaces(caller))
    await other.answered()
    with pytest.raises(OriginateError, match="taken over"):
        await asyncio.wait_for(moving, 3)
    assert leg.alive


@pytest.mark.parametrize("late", [False, True])
async def test_a_phone_takes_over_the_agents_call(bench, phone, second, late):
    """The agent has asked a colleague; the colleague's phone comes in the agent's place, and the caller hears it.
    late: the offer is ours, in the 200."""
    leg, caller = await bench.answered(phone)
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201"), near=leg))
    agent = await phone.next_call()
    await agent.answer()
    other = await calling
    await leg.bridge(other)
    await hears(caller.rtp, agent.rtp)
    colleague = await second.prepare("32", bench.driver.address)
    colleague.auto_ack = not late
    colleague.send_invite("" if late else sdp(*colleague.rtp.address), replaces(agent))
    final = await colleague.answered()
    if late:
        colleague.ack(final, sdp(*colleague.rtp.address))
        colleague.auto_ack = True
    await agent.over.wait()
    await hears(colleague.rtp, caller.rtp)
    caller.rtp.received.clear()
    await hears(caller.rtp, colleague.rtp)
    assert (leg.alive, other.alive) == (True, True)
    assert bench.legs.empty()
    await colleague.rtp.press("7")
    assert await asyncio.wait_for(other.digits.get(), 1) == "7"
    await colleague.bye()
    assert await other.ended == Hangup("remote", Cause.NORMAL)
    assert leg.alive
    await leg.hangup()
    await bench.idle()


async def test_a_call_taken_over_is_ended_where_it_is_now(bench, phone, second):
    leg, caller = await bench.answered(phone)
    desk = await second.invite("32", bench.driver.address, headers=replaces(caller))
    await desk.answered()
    await caller.over.wait()
    await until(lambda: len(desk.rtp.received) > 3)
    third = await second.invite("32", bench.driver.address, headers=replaces(desk))
    await third.answered()
    await desk.over.wait()
    await leg.hangup()
    await third.request("BYE")
    assert [m.method for m in caller.requests].count("BYE") == 1
    await bench.idle()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (("Replaces", "nobody;to-tag=1;from-tag=2"), 481),
        (("Replaces", ""), 481),
        (("Replaces", ";;="), 481),
    ],
)
async def test_a_call_that_we_do_not_have(bench, phone, header, status):
    call = await phone.invite("32", bench.driver.address, headers=[header])
    assert (await call.response(*range(300, 700))).status == status
    assert bench.legs.empty()


async def test_the_tags_must_fit(bench, phone, second):
    """Whoever has only seen the Call-ID does not get the call."""
    leg, caller = await bench.answered(phone)
    swapped = f"{caller.call_id};to-tag={tag(caller.local)};from-tag={tag(caller.remote)}"
    for wrong in (swapped, caller.call_id):
        thief = await second.invite("32", bench.driver.address, headers=[("Replaces", wrong)])
        assert (await thief.response(*range(300, 700))).status == 481
    twice = [*replaces(caller), *replaces(caller)]
    thief = await second.invite("32", bench.driver.address, headers=twice)
    assert (await thief.response(*range(300, 700))).status == 400
    assert leg.alive
    assert not caller.over.is_set()


@pytest.mark.parametrize(("answered", "extra", "status"), [(True, ";early-only", 486), (False, "", 481)])
async def test_calls_that_cannot_be_replaced(bench, phone, second, answered, extra, status):
    leg, caller = await bench.call(phone)
    await leg.ring()
    await caller.response(180)
    if answered:
        await asyncio.gather(leg.answer(), caller.answered())
    other = await second.invite("32", bench.driver.address, headers=replaces(caller, extra))
    assert (await other.response(*range(300, 700))).status == status
    assert leg.alive
    await leg.hangup()


async def test_a_call_that_is_over_is_not_replaced(bench, phone, second):
    leg, caller = await bench.answered(phone)
    await leg.hangup()
    other = await second.invite("32", bench.driver.address, headers=replaces(caller))
    assert (await other.response(*range(300, 700))).status == 603
    assert bench.legs.empty()


async def test_the_extension_may_be_required(bench, phone, second):
    leg, caller = await bench.answered(phone)
    headers = [("Require", "replaces"), *replaces(caller)]
    other = await second.invite("32", bench.driver.address, headers=headers)
    assert "replaces" in (await other.answered()).get("Supported")
    await caller.over.wait()
    await leg.hangup()
