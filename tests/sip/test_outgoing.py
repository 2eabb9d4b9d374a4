"""Calls that we make (RFC 3261 sections 9.1, 13.2)."""

from __future__ import annotations

import asyncio

import pytest
from support.sipua import media_of, sdp, until

from drivers.sip import SipDriver
from engine.errors import NoChannel, OriginateError
from engine.lines import Cause, Hangup


async def test_an_answered_call(bench, phone):
    rings = []
    calling = asyncio.create_task(
        bench.driver.originate(phone.uri("201"), caller_id="0143670903", on_ringing=lambda: rings.append(True))
    )
    call = await phone.next_call()
    invite = call.requests[0]
    assert invite.start == f"INVITE {phone.uri('201')} SIP/2.0"
    assert "sip:0143670903@" in invite.get("From")
    assert media_of(invite.body)[1:] == ([8, 0, 101], 101)
    call.ring()
    await call.answer(codecs=["PCMU"])
    leg = await calling
    assert rings == [True]
    assert (leg.info.direction, leg.info.did, leg.info.cli) == ("out", phone.uri("201"), "0143670903")
    assert (await call.rtp.wait_for(2))[0].payload_type == 0
    await call.rtp.press("9")
    assert await asyncio.wait_for(leg.digits.get(), 1) == "9"
    await leg.hangup()
    await call.request("BYE")
    await bench.idle()


async def test_the_called_party_hangs_up(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    await call.answer()
    leg = await calling
    await call.bye()
    assert await leg.ended == Hangup("remote", Cause.NORMAL)
    await bench.idle()


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (486, Cause.BUSY),
        (600, Cause.BUSY),
        (603, Cause.REJECTED),
        (403, Cause.REJECTED),
        (404, Cause.NOT_FOUND),
        (480, Cause.NO_ANSWER),
        (408, Cause.NO_ANSWER),
        (503, Cause.CONGESTION),
        (500, Cause.FAILED),
        (302, Cause.FAILED),
        (484, Cause.NOT_FOUND),
        (604, Cause.NOT_FOUND),
        (606, Cause.FAILED),
        (607, Cause.REJECTED),
    ],
)
async def test_a_refused_call(bench, phone, status, cause):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.reject(status)
    with pytest.raises(OriginateError, match=str(status)) as caught:
        await calling
    assert caught.value.cause is cause
    await call.request("ACK")
    await bench.idle()


@pytest.mark.parametrize(
    ("status", "reason", "cause"),
    [
        (480, 'Q.850;cause=17;text="User busy"', Cause.BUSY),
        (503, "Q.850;cause=19", Cause.NO_ANSWER),
        (500, "q.850 ;cause=1", Cause.NOT_FOUND),
        (500, "Q.850;cause=21", Cause.REJECTED),
        (486, "Q.850;cause=16", Cause.BUSY),
        (486, "SIP;cause=19", Cause.BUSY),
        (486, "Q.850", Cause.BUSY),
        (486, "Q.850;cause=what", Cause.BUSY),
        (486, ";;;", Cause.BUSY),
    ],
)
async def test_a_gateway_says_more_than_the_status(bench, phone, status, reason, cause):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.reply(call.requests[0], status, headers=[("Reason", reason)])
    with pytest.raises(OriginateError, match=str(status)) as caught:
        await asyncio.wait_for(calling, 3)
    assert caught.value.cause is cause
    await bench.idle()


async def test_withdrawn_while_ringing(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.ring()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await call.request("CANCEL")
    await bench.idle()


async def test_the_answer_crosses_our_cancel(bench, phone):
    """The 200 that was on its way is acknowledged, and then the call is ended."""
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.mute = True
    calling.cancel()
    await call.request("CANCEL")
    await call.answer(wait_ack=False)
    await call.request("BYE")
    assert [m.method for m in call.requests] == ["INVITE", "CANCEL", "ACK", "BYE"]
    await bench.idle()


async def test_an_answer_without_audio_ends_the_call(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.reply(call.requests[0], 200, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
    with pytest.raises(OriginateError, match="no usable session description in the answer"):
        await calling
    await call.request("BYE")
    assert [m.method for m in call.requests] == ["INVITE", "ACK", "BYE"]


async def test_an_answer_whose_contact_cannot_be_read(bench, phone):
    """The call goes on with the address that was called."""
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.contact = "<sip:test@[:::>"
    await call.answer()
    leg = await asyncio.wait_for(calling, 3)
    await leg.hangup()
    assert (await call.request("BYE")).start == f"BYE {phone.uri('201')} SIP/2.0"


@pytest.mark.parametrize("proxy", [False, True])
async def test_of_two_phones_that_answer_the_second_is_let_go(bench, phone, proxy):
    """A proxy has rung both (RFC 3261 section 13.2.2.4); it may stay in the way."""
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    invite, first = call.requests[0], call.local
    await call.answer()
    leg = await calling
    call.local, call.contact = first.replace("tag=", "tag=second"), f"<sip:second@127.0.0.1:{phone.port}>"
    way = [("Record-Route", f"<sip:127.0.0.1:{phone.port};lr>")] if proxy else []
    call.requests.clear()
    call.reply(invite, 200, sdp(*call.rtp.address), way)
    await call.request("BYE")
    call.reply(invite, 200, sdp(*call.rtp.address), way)  # as when the ACK was lost
    await until(lambda: [m.method for m in call.requests] == ["ACK", "BYE", "ACK"])
    for request in call.requests:
        assert request.start == f"{request.method} sip:second@127.0.0.1:{phone.port} SIP/2.0"
        assert (request.get("From"), request.get("To")) == (invite.get("From"), call.local)
        assert request.cseq == invite.cseq + (request.method == "BYE")
        assert bool(request.get("Route")) is proxy
    assert leg.alive
    call.local = first
    call.requests.clear()
    await leg.hangup()
    assert (await call.request("BYE")).get("To") == first
    await bench.idle()


async def test_a_repeated_answer_is_acknowledged_again(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    call = await phone.next_call()
    await call.answer()
    await calling
    call.repeat_reply()
    await until(lambda: [m.method for m in call.requests].count("ACK") == 2)


@pytest.mark.parametrize(
    "address", ["0143670903", "201@127.0.0.1", "sip:", "sip:201@", "sip:201@host:99999", "tel:+331", "sips:a@b"]
)
async def test_an_address_that_is_not_sip(bench, address):
    with pytest.raises(ValueError, match="not a SIP address"):
        await bench.driver.originate(address)
    assert not any(bench.driver.usage().values())


async def test_a_name_that_does_not_exist(bench):
    with pytest.raises(OriginateError) as caught:
        await bench.driver.originate("sip:201@nobody.invalid")
    assert caught.value.cause is Cause.NOT_FOUND
    assert not any(bench.driver.usage().values())


async def test_an_escaped_user_part_survives(bench, phone):
    calling = asyncio.create_task(bench.driver.originate(phone.uri("%2321%23")))
    call = await phone.next_call()
    assert call.requests[0].start.split()[1] in (phone.uri("%2321%23"), phone.uri("#21#"))
    call.reject(486)
    with pytest.raises(OriginateError):
        await calling


async def test_no_port_left(phone, single_port):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=single_port, media_workers=1)
    await driver.start(lambda leg: None)
    first = asyncio.create_task(driver.originate(phone.uri("201")))
    await phone.next_call()
    with pytest.raises(NoChannel):
        await driver.originate(phone.uri("202"))
    assert driver.usage() == {"legs": 1, "rtp_ports": 1}
    first.cancel()
    await asyncio.wait([first])
    assert not any(driver.usage().values())
    await driver.stop()


async def test_a_driver_that_is_not_running(phone):
    with pytest.raises(NoChannel):
        await SipDriver(listen="127.0.0.1:0").originate(phone.uri("201"))


async def test_stop_withdraws_a_call_being_made(phone):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1)
    await driver.start(lambda leg: None)
    calling = asyncio.create_task(driver.originate(phone.uri("201")))
    call = await phone.next_call()
    call.ring()
    await driver.stop()
    with pytest.raises(OriginateError):
        await calling
    await call.request("CANCEL")


@pytest.mark.parametrize("workers", [1, 2])
async def test_two_legs_bridged(phone, workers):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=workers)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    calls, pair = [], []
    for did in ("1", "2"):
        calls.append(await phone.invite(did, driver.address))
        pair.append(await asyncio.wait_for(legs.get(), 3))
        await pair[-1].answer()
        await calls[-1].answered()
    await pair[0].bridge(pair[1])
    said = bytes(range(16)) * 10
    async with asyncio.timeout(3):
        while not any(packet.payload == said for packet in calls[1].rtp.received):
            calls[0].rtp.send(said)
            await asyncio.sleep(0.02)
    await calls[0].rtp.press("4")
    assert await asyncio.wait_for(pair[0].digits.get(), 1) == "4"
    await calls[0].bye()
    count = len(calls[1].rtp.received)
    await calls[1].rtp.wait_for(count + 3)
    assert pair[1].alive
    await pair[1].hangup()
    assert not any(driver.usage().values())
    await driver.stop()


async def test_a_contact_with_a_name_is_reached_where_it_was_heard_from(bench, phone):
    """Nothing waits for a name server in the signalling thread."""
    call = await phone.prepare("32", bench.driver.address)
    call.contact = "<sip:test@pbx.invalid>"
    call.send_invite(sdp(*call.rtp.address))
    leg = await bench.leg()
    await leg.answer()
    await call.answered()
    await leg.hangup()
    assert (await call.request("BYE")).start == "BYE sip:test@pbx.invalid SIP/2.0"
