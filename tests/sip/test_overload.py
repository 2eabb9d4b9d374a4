"""A machine that is behind refuses new calls at once; those in progress go on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager

from support.hostile import Deaf, request
from support.sipua import until

from drivers.sip import SipDriver

KEPT = ("From", "Call-ID", "CSeq")


@asynccontextmanager
async def limited(overload):
    driver = SipDriver(listen="127.0.0.1:0", overload=overload, rtp_ports=range(31400, 31600), media_workers=1)
    driver.legs = asyncio.Queue()
    await driver.start(driver.legs.put_nowait)
    try:
        yield driver
    finally:
        await driver.stop()


async def admitted(driver, phone):
    """A call that is let in, after others that may be refused."""
    async with asyncio.timeout(5):
        while True:
            call = await phone.invite("32", driver.address)
            final = asyncio.ensure_future(call.response(503))
            leg = asyncio.ensure_future(driver.legs.get())
            await asyncio.wait({final, leg}, return_when=asyncio.FIRST_COMPLETED)
            final.cancel()
            if leg.done():
                return leg.result(), call
            leg.cancel()


async def test_workers_that_are_late_let_no_call_in(phone, caplog):
    async with limited(0.1) as driver:
        leg, call = await admitted(driver, phone)
        await asyncio.gather(leg.answer(), call.answered())
        _, unanswered = await admitted(driver, phone)
        before, (worker,) = driver.refused(), await driver._pool.stats()
        os.kill(worker["pid"], signal.SIGSTOP)
        try:
            await asyncio.sleep(0.6)  # the limit three times, and the probe before
            for number, extra in enumerate(([], [("X-Folded", "in\r\n two")]), 1):
                late = await phone.invite("32", driver.address, headers=extra)
                refused = await late.response(503, timeout=0.3)
                invite = late.last_invite
                assert refused.get("Retry-After") == "2"
                assert refused.get("Via").startswith(invite.get("Via").replace(";rport;", f";rport={phone.port};"))
                assert refused.get("To").startswith(f"{invite.get('To')};tag=")
                assert [refused.get(name) for name in KEPT] == [invite.get(name) for name in KEPT]
                assert driver.refused() == before + number
            assert driver.legs.empty()
            unanswered.repeat_invite()  # the call that it begins is there already
            assert (await call.ask("OPTIONS")).status == 200, "calls in progress are dealt with"
        finally:
            os.kill(worker["pid"], signal.SIGCONT)
        assert "the machine is behind: calls are refused with 503" in caplog.text
        assert {message.status for message in unanswered.responses} == {100}
        await admitted(driver, phone)
        assert (await call.bye()).status == 200


async def test_more_requests_than_can_be_read_let_no_call_in(phone, monkeypatch):
    monkeypatch.setattr("drivers.sip.transactions.BATCH", 1)
    async with limited(0.02) as driver, Deaf.open() as crowd:
        driver._reactor.post(time.sleep, 0.1)  # the signalling thread is busy: what comes now waits
        await asyncio.sleep(0.02)
        driver._reactor.post(time.sleep, 0.1)  # and again, when it has read one request
        for number in range(5):
            crowd.send(request(crowd, driver.address, "OPTIONS", number=number), driver.address)
        late = await phone.invite("32", driver.address)
        assert (await late.response(503)).get("Retry-After") == "2"
        leg, call = await admitted(driver, phone)
        call.cancel()
        await leg.ended


async def test_without_a_limit_calls_wait(phone):
    async with limited(0) as driver:
        (worker,) = await driver._pool.stats()
        os.kill(worker["pid"], signal.SIGSTOP)
        call = await phone.invite("32", driver.address)
        await call.response(100)
        await asyncio.sleep(0.3)
        assert driver.legs.empty()
        os.kill(worker["pid"], signal.SIGCONT)
        await until(lambda: not driver.legs.empty())
        assert driver.refused() == 0
