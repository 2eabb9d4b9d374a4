"""Calls that come in (RFC 3261 sections 8.2, 9.2, 13.3, 15)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time

import pytest
from support.sipua import SipUa, media_of, sdp, until

from drivers.sip import SipDriver
from engine.errors import LegGone
from engine.lines import Cause, Hangup


async def test_an_invite_becomes_a_leg_with_its_numbers(bench, phone):
    leg, call = await bench.call(phone, "+33143670903", cli="0612345678", name='"Zoé \\"Z\\" Martin"')
    assert (leg.info.did, leg.info.cli) == ("+33143670903", "0612345678")
    assert leg.info.name == 'Zoé "Z" Martin'
    assert leg.info.direction == "in"
    assert leg.info.channel == f"sip/127.0.0.1:{bench.driver.address[1]}"
    assert [m.status for m in call.responses] == [100]
    assert call.responses[0].get("To") == call.remote


async def test_a_withheld_number_is_empty(bench, phone):
    leg, _ = await bench.call(phone, cli="anonymous")
    assert leg.info.cli == ""


async def test_a_tel_address_in_from_is_accepted(bench, phone):
    call = await phone.prepare("32", bench.driver.address)
    call.local = "<tel:+33143670903>;tag=tel1"
    call.send_invite(sdp(*call.rtp.address))
    assert (await bench.leg()).info.cli == "+33143670903"


async def test_a_latin_1_name_does_not_lose_the_call(bench, phone):
    call = await phone.prepare("32", bench.driver.address, name='"Zo#"')
    invite = call.send_invite("").encode().replace(b"Zo#", b"Zo\xe9").replace(b"CSeq: 1", b"CSeq: 2")
    await bench.leg()
    other = invite.replace(call.call_id.encode(), b"latin1@test").replace(b"z9hG4bKtest", b"z9hG4bKlatin")
    phone.send(other, bench.driver.address)
    assert (await bench.leg()).info.name == "Zoé"


async def test_ring_and_answer(bench, phone):
    leg, call = await bench.call(phone)
    await leg.ring()
    ringing = await call.response(180)
    await leg.answer()
    final = await call.answered()
    assert ringing.get("To") == final.get("To") != call.local
    assert [m.status for m in call.responses] == [100, 180, 200]
    assert final.get("Content-Type") == "application/sdp"
    assert leg.alive
    await leg.answer()  # idempotent
    assert len(call.responses) == 3


async def test_no_message_names_the_product(bench, phone):
    leg, call = await bench.answered(phone)
    await leg.hangup()
    await call.over.wait()
    outgoing = asyncio.create_task(bench.driver.originate(phone.uri("201")))
    called = await phone.next_call()
    outgoing.cancel()
    await called.request("CANCEL")
    for message in phone.log:
        assert not message.get("User-Agent")
        assert not message.get("Server")


async def test_the_caller_hangs_up(bench, phone):
    leg, call = await bench.answered(phone)
    assert (await call.bye()).status == 200
    assert await leg.ended == Hangup("remote", Cause.NORMAL)
    await bench.idle()
    with pytest.raises(LegGone):
        await leg.play([])


async def test_we_hang_up(bench, phone):
    leg, call = await bench.answered(phone)
    await leg.hangup()
    assert leg.ended.result() == Hangup("local", Cause.NORMAL)
    assert not any(bench.driver.usage().values())
    assert (await call.request("BYE")).cseq > 0
    await leg.hangup()  # idempotent


async def test_what_comes_after_the_bye_has_no_dialog(bench, phone):
    leg, call = await bench.answered(phone)
    await leg.hangup()
    await call.request("BYE")
    for method in ("INFO", "NOTIFY", "OPTIONS"):
        assert (await call.ask(method)).status == 481


async def test_options_in_a_call_say_what_we_can(bench, phone):
    _, call = await bench.answered(phone)
    answer = await call.ask("OPTIONS")
    assert "REFER" in answer.get("Allow")
    assert (answer.get("Accept"), answer.get("Supported")) == ("application/sdp", "timer, replaces")


async def test_both_hang_up_at_once(bench, phone):
    leg, call = await bench.answered(phone)
    call.mute = True
    await leg.hangup()
    await call.request("BYE")
    assert (await call.bye()).status == 200  # ours is not answered yet, theirs is
    await bench.idle()
    assert leg.ended.result().by == "local"


async def test_a_hang_up_before_the_ack_waits_for_it(bench, phone):
    leg, call = await bench.call(phone, auto_ack=False)
    await leg.answer()
    final = await call.answered()
    await leg.hangup()
    await call.response(200)
    assert (await call.ask("INFO")).status == 200  # a round trip: a BYE would have come before it
    assert not call.over.is_set()
    call.cseq = final.cseq
    call.ack(final)
    await asyncio.wait_for(call.over.wait(), 3)


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.BUSY, 486),
        (Cause.REJECTED, 603),
        (Cause.NOT_FOUND, 404),
        (Cause.CONGESTION, 503),
        (Cause.NO_ANSWER, 480),
        (Cause.FAILED, 500),
    ],
)
async def test_a_refused_call(bench, phone, cause, status):
    leg, call = await bench.call(phone)
    await leg.reject(cause)
    assert (await call.response(status)).status == status
    assert leg.ended.result() == Hangup("local", cause)
    await bench.idle()


async def test_cancel_while_ringing(bench, phone):
    leg, call = await bench.call(phone)
    await leg.ring()
    await call.response(180)
    call.cancel()
    assert (await call.response(method="CANCEL")).status == 200
    assert (await call.response(487)).status == 487
    assert await leg.ended == Hangup("remote", Cause.CANCELLED)
    await bench.idle()
    with pytest.raises(LegGone):
        await leg.answer()


async def test_cancel_right_behind_the_invite(bench, phone):
    call = await phone.invite("32", bench.driver.address)
    call.cancel()
    leg = await bench.leg()
    await call.response(487)
    assert await leg.ended == Hangup("remote", Cause.CANCELLED)
    with pytest.raises(LegGone):
        await leg.answer()
    await bench.idle()


async def test_a_call_cancelled_before_it_has_a_port_is_shown_all_the_same(bench, phone):
    (worker,) = await bench.driver._pool.stats()
    os.kill(worker["pid"], signal.SIGSTOP)
    call = await phone.invite("32", bench.driver.address)
    call.cancel()
    await call.response(487)
    await until(lambda: not any(leg.alive for leg in bench.driver._legs))
    assert bench.legs.empty()
    os.kill(worker["pid"], signal.SIGCONT)
    leg = await bench.leg()
    assert leg.ended.result() == Hangup("remote", Cause.CANCELLED)
    await bench.idle()


async def test_an_answer_and_a_cancel_cross(bench, phone):
    leg, call = await bench.call(phone)
    answering = asyncio.create_task(leg.answer())
    call.cancel()
    final = await call.response(*range(200, 700))
    if final.status == 200:
        await answering
        assert leg.alive
    else:
        with pytest.raises(LegGone):
            await answering


async def test_bye_before_the_answer(bench, phone):
    leg, call = await bench.call(phone)
    await leg.ring()
    ringing = await call.response(180)
    call.remote = ringing.get("To")
    assert (await call.bye()).status == 200
    assert (await leg.ended).cause is Cause.CANCELLED


@pytest.mark.parametrize("when", ["trying", "answered"])
async def test_a_repeated_invite_makes_no_second_leg(bench, phone, when):
    leg, call = await bench.call(phone)
    if when == "answered":
        await leg.answer()
        await call.answered()
    before = len(call.responses)
    call.repeat_invite()
    await until(lambda: len(call.responses) > before)
    assert call.responses[-1].status == (200 if when == "answered" else 100)
    assert bench.legs.empty()
    assert bench.driver.usage()["legs"] == 1


async def test_the_same_invite_by_another_way_is_refused(bench, phone):
    _, call = await bench.call(phone)
    copy = call.last_invite
    copy.headers = [(name, phone.via() if name == "Via" else value) for name, value in copy.headers]
    phone.send(copy, bench.driver.address)
    assert (await call.response(482)).status == 482
    assert bench.legs.empty()


async def test_a_lost_ack_repeats_the_answer(bench, phone):
    leg, call = await bench.call(phone, auto_ack=False)
    await leg.answer()
    await call.answered()
    await until(lambda: [m.status for m in call.responses].count(200) == 2)
    call.ack(call.responses[-1])
    assert leg.alive


async def test_no_ack_at_all_ends_the_leg(bench, phone, monkeypatch):
    from sippy.Time.Timeout import Timeout

    def hasty(callback, seconds, *rest):
        return Timeout(callback, seconds / 12, *rest)  # the last repeat and the end are 0.5 s / 12 apart

    monkeypatch.setattr("sippy.SipTransactionManager.Timeout", hasty)
    leg, call = await bench.call(phone, auto_ack=False)
    await leg.answer()
    assert await asyncio.wait_for(leg.ended, 6) == Hangup("local", Cause.FAILED, "no ACK")
    await asyncio.wait_for(call.over.wait(), 3)
    await bench.idle()
    # After 0.5, 1, 2 and from then on 4 s, in 32 s.
    assert [m.status for m in call.responses].count(200) == 1 + 3 + 7


async def test_without_a_free_port_503_and_no_leg(phone, single_port):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=single_port, media_workers=1)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    first = await phone.invite("32", driver.address)
    leg = await asyncio.wait_for(legs.get(), 3)
    second = await phone.invite("32", driver.address)
    assert (await second.response(503)).status == 503
    assert legs.empty()
    await leg.reject(Cause.BUSY)
    await first.response(486)
    third = await phone.invite("32", driver.address)
    await asyncio.wait_for(legs.get(), 3)
    await driver.stop()
    assert (await third.response(503)).status == 503


async def test_stop_hangs_up_and_gives_the_port_back(phone):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    call = await phone.invite("32", driver.address)
    leg = await legs.get()
    await leg.answer()
    await call.answered()
    host, port = driver.address
    await driver.stop()
    assert call.over.is_set()
    assert leg.ended.result() == Hangup("local", Cause.CONGESTION, "the SIP driver was stopped")
    await driver.stop()  # idempotent
    async with SipUa.open(host, port):
        pass


async def test_an_application_that_fails_to_take_the_call_gets_it_refused(phone, caplog):
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1)

    def broken(_):
        raise RuntimeError("no scenario today")

    await driver.start(broken)
    call = await phone.invite("32", driver.address)
    assert (await call.response(500)).status == 500
    await driver.stop()
    assert "no scenario today" in caplog.text


async def test_the_death_of_a_media_worker_ends_its_legs(bench, phone):
    leg, call = await bench.answered(phone)
    for worker in await bench.driver._pool.stats():
        os.kill(worker["pid"], signal.SIGKILL)
    assert (await asyncio.wait_for(leg.ended, 3)) == Hangup("local", Cause.FAILED, "the media worker died")
    await asyncio.wait_for(call.over.wait(), 3)
    await bench.idle()


async def test_fifty_calls_leave_nothing_behind(bench, phone):

    await bench.answered(phone)
    threads = threading.active_count()

    async def one() -> None:
        call = await phone.invite("32", bench.driver.address)
        await call.answered()
        await call.bye()

    async def serve() -> None:
        for _ in range(50):
            leg = await bench.leg()
            with contextlib.suppress(LegGone):  # the caller may be quicker than our return
                await leg.answer()

    await asyncio.gather(serve(), *(one() for _ in range(50)))
    await until(lambda: bench.driver.usage() == {"legs": 1, "rtp_ports": 1})
    assert threading.active_count() == threads


async def test_two_drivers_call_each_other(bench, phone):
    other = SipDriver(listen="127.0.0.1:0", rtp_ports=range(31400, 31600), media_workers=1)
    await other.start(lambda leg: None)
    answering = asyncio.create_task(bench.leg())
    calling = asyncio.create_task(other.originate("sip:32@{}:{}".format(*bench.driver.address)))
    incoming = await answering
    await incoming.answer()
    outgoing = await calling
    await outgoing.hangup()
    assert (await incoming.ended).by == "remote"
    await other.stop()


async def test_the_media_address_of_the_answer_is_ours(bench, phone):
    _, call = await bench.answered(phone)
    (host, port), formats, dtmf = media_of((await call.response(200)).body)
    assert host == "127.0.0.1"
    assert port in range(31000, 31400, 2)
    assert (formats, dtmf) == ([8, 101], 101)


async def test_an_idle_driver_sleeps(bench, phone):
    """The signalling thread waits for the next timer, it does not look for it."""
    await (await phone.invite("32", bench.driver.address)).response(100)
    await (await bench.leg()).hangup()
    began = time.process_time()
    await asyncio.sleep(0.3)
    assert time.process_time() - began < 0.1
