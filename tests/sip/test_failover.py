"""A number goes by the next trunk when the first one has not dealt with the call, and nobody was rung."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from support.sipua import Message, SipUa, until

from drivers.sip import SipDriver
from engine.errors import NoChannel, OriginateError
from engine.lines import Cause
from engine.lines.channel_rules import Rules
from engine.lines.channels import Channels
from engine.lines.dialling import DialPlan
from engine.lines.lines import Lines

NUMBER = "0143670903"


class Office:
    """A caller whose leg is `near`, and the lines behind."""

    def __init__(self, driver, near):
        self.driver, self.near = driver, near
        rules = {f"sip/{name}": Rules(count=2) for name in driver.trunks()}
        self.channels = Channels(rules)
        self.lines = Lines([driver], self.channels, DialPlan())

    def call(self):
        return asyncio.create_task(self.lines.originate(NUMBER, caller_id="+33555000111", near=self.near))

    def taken(self):
        return [channel.id for channel in self.channels.taken()]


@asynccontextmanager
async def office(caller, **trunks):
    driver = SipDriver(listen="127.0.0.1:0", trunks=trunks, rtp_ports=range(31400, 31600), media_workers=1)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    try:
        call = await caller.invite("32", driver.address)
        near = await asyncio.wait_for(legs.get(), 3)
        await asyncio.gather(near.answer(), call.answered())
        yield Office(driver, near)
    finally:
        await driver.stop()


def at(peer, **options):
    return {"host": "127.0.0.1", "port": peer.port, **options}


@pytest.fixture
async def first():
    async with SipUa.open() as ua:
        yield ua


@pytest.fixture
async def second():
    async with SipUa.open() as ua:
        yield ua


def invites(ua):
    return len({message.get("Via") for message in ua.log if message.start.startswith("INVITE ")})


@pytest.mark.parametrize("status", [503, 500, 502, 504])
async def test_a_trunk_that_refuses_is_followed_by_the_next(phone, first, second, status, caplog):
    async with office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        (await first.next_call()).reject(status)
        call = await second.next_call()
        assert here.taken() == ["sip/second/1"], "the first trunk's channel is free again"
        await call.answer()
        leg = await calling
        assert leg.info.channel == "sip/second/1"
        assert f"a call by sip/first has failed before anybody was rung: {status}" in caplog.text
        assert NUMBER not in caplog.text
        await leg.hangup()
        await call.request("BYE")
        await until(lambda: not here.taken())
        assert (invites(first), invites(second)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        (486, [], Cause.BUSY),
        (603, [], Cause.REJECTED),
        (404, [], Cause.NOT_FOUND),
        (480, [], Cause.NO_ANSWER),
        (408, [], Cause.NO_ANSWER),  # after a 100
        (503, [("Reason", "Q.850;cause=17")], Cause.BUSY),
    ],
)
async def test_what_the_called_party_says_is_final(phone, first, second, status, headers, cause):
    async with office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        call = await first.next_call()
        call.reply(call.requests[0], status, headers=headers)
        with pytest.raises(OriginateError) as caught:
            await calling
        assert caught.value.cause is cause
        assert invites(second) == 0


@pytest.mark.parametrize("ringing", [180, 183])
async def test_never_after_it_rang(phone, first, second, ringing):
    async with office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        call = await first.next_call()
        call.reply(call.requests[0], ringing)
        call.reject(503)
        with pytest.raises(OriginateError) as caught:
            await calling
        assert caught.value.cause is Cause.CONGESTION
        assert invites(second) == 0


async def test_a_trunk_that_says_nothing(phone, second, monkeypatch):
    """One that wakes up later is told that the call is withdrawn."""
    monkeypatch.setattr("drivers.sip.trunk.SILENCE", 0.7)
    async with Sleeper.open() as first, office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        call = await second.next_call()
        assert invites(first) == 1
        await call.answer()
        leg = await calling
        first.wake()
        late = await first.next_call()
        late.ring()
        await late.request("CANCEL")
        assert leg.alive
        await leg.hangup()


class Sleeper(SipUa):
    """Reads nothing until it is woken; then what it was sent last."""

    asleep = True

    def datagram_received(self, data, addr):
        self.last = data, addr
        if self.asleep:
            self.log.append(Message.parse(data))
        else:
            super().datagram_received(data, addr)

    def wake(self):
        self.asleep = False
        self.datagram_received(*self.last)


@pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid"])
async def test_a_trunk_that_cannot_be_sent_to(phone, second, host):
    """From loopback there is no way to another network."""
    async with office(phone, first={"host": host}, second=at(second)) as here:
        calling = here.call()
        call = await second.next_call(1)
        await call.answer()
        await (await calling).hangup()


async def test_a_trunk_that_wants_no_calls_for_a_while_gets_none(phone, first, second, monkeypatch, caplog):
    now = 1000.0
    monkeypatch.setattr("drivers.sip.watch.time", type("Time", (), {"monotonic": staticmethod(lambda: now)}))
    async with office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        call = await first.next_call()
        call.reply(call.requests[0], 503, headers=[("Retry-After", "120 (maintenance)")])
        (await second.next_call()).reject(486)
        with pytest.raises(OriginateError):
            await calling
        assert "trunk first: no calls for 120 s" in caplog.text
        assert here.driver.line_for(NUMBER) == "sip/second"
        with pytest.raises(NoChannel, match="no calls for now"):
            here.driver.line_for(NUMBER, ["sip/second"])
        now += 121
        assert here.driver.line_for(NUMBER) == "sip/first"


async def test_when_all_have_failed_the_last_one_says_why(phone, first, second):
    async with office(phone, first=at(first), second=at(second)) as here:
        calling = here.call()
        (await first.next_call()).reject(500)
        (await second.next_call()).reject(503)
        with pytest.raises(OriginateError, match="503") as caught:
            await calling
        assert caught.value.cause is Cause.CONGESTION
        assert here.taken() == []
        assert (invites(first), invites(second)) == (1, 1)


async def test_a_trunk_whose_channels_are_barred_is_passed_over(phone, first, second):
    async with office(phone, first=at(first), second=at(second)) as here:
        here.channels.configure({"sip/first": Rules(bar=("external_out",)), "sip/second": Rules()})
        calling = here.call()
        call = await second.next_call()
        await call.answer()
        assert (await calling).info.channel == "sip/second/1"
        here.channels.configure({"sip/first": Rules(bar=("external_out",)), "sip/second": Rules(count=1)})
        with pytest.raises(NoChannel, match="sip/first are barred"):
            await here.call()
        assert invites(first) == 0
