"""Scanners and guessers: silence, and a ban (16 requests in 2 s, or 10 wrong passwords)."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from support.sipphone import Phone
from support.sipua import Message, SipUa, until

from drivers.sip import SipDriver
from drivers.sip.guard import BAN, WATCHED, Guard


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_sixteen_requests_in_two_seconds_are_a_scan(clock):
    guard = Guard(clock)
    assert [guard.admits("192.0.2.7") for _ in range(17)] == [True] * 15 + [False] * 2
    assert guard.admits("192.0.2.8")
    assert (guard.bans, guard.dropped) == (1, 2)
    clock.now += BAN - 1
    assert not guard.admits("192.0.2.7")
    clock.now += 2
    assert guard.admits("192.0.2.7")


def test_fifteen_in_two_seconds_are_not(clock):
    guard = Guard(clock)
    for _ in range(20):
        assert all(guard.admits("192.0.2.7") for _ in range(15))
        clock.now += 2
    assert guard.bans == 0


def test_ten_wrong_passwords_are_guessing(clock):
    guard = Guard(clock)
    for _ in range(9):
        guard.failed("192.0.2.7")
        clock.now += 30
    assert guard.admits("192.0.2.7")
    guard.failed("192.0.2.7")
    assert not guard.admits("192.0.2.7")


def test_the_right_password_makes_up_for_wrong_ones(clock):
    guard = Guard(clock)
    for _ in range(5):
        for _ in range(9):
            guard.failed("192.0.2.7")
        guard.passed("192.0.2.7")
    assert guard.bans == 0


def test_addresses_that_are_made_up_do_not_fill_the_memory(clock):
    guard = Guard(clock)
    for number in range(WATCHED + 100):
        guard.admits(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(guard._seen) == WATCHED


@asynccontextmanager
async def running():
    driver = SipDriver(
        listen="127.0.0.1:0",
        allow=["127.0.0.9/32"],
        phones={"users": {"201": "s3cret"}},
        rtp_ports=range(31400, 31600),
        media_workers=1,
    )
    await driver.start(lambda leg: None)
    try:
        yield driver
    finally:
        await driver.stop()


async def test_a_scanner_is_soon_alone(caplog):
    async with running() as driver, SipUa.open("127.0.0.3") as scanner, SipUa.open("127.0.0.9") as exchange:
        for number in range(60):
            phone = Phone(scanner, str(number), "x", driver.address)
            scanner.send(_register(phone), driver.address)
        await until(lambda: len(scanner.log) >= 15)
        assert (await Phone(exchange, "201", "s3cret", driver.address).register()).status == 200
        assert [message.status for message in scanner.log] == [401] * 15
        assert "127.0.0.3 for 10 minutes: 16 requests in 2 s" in caplog.text
        assert driver.defence() == {"bans": 1, "dropped": 45}
        async with SipUa.open("127.0.0.4") as other:
            assert (await Phone(other, "201", "s3cret", driver.address).register()).status == 200


async def test_a_guesser_too(monkeypatch, caplog):
    """Slowly enough not to be a scanner."""
    monkeypatch.setattr("drivers.sip.guard.MOST", 1000)
    async with running() as driver, SipUa.open("127.0.0.3") as guesser:
        phone = Phone(guesser, "201", "guess", driver.address)
        for _ in range(10):
            assert (await phone.register()).status == 401
        with pytest.raises(TimeoutError):
            await phone.send_register()
        assert "10 wrong passwords" in caplog.text
        assert "guess" not in caplog.text.replace("guesser", "")


async def test_an_allowed_address_is_never_banned():
    """Many phones may be behind it, and one of them have a wrong password."""
    async with running() as driver, SipUa.open("127.0.0.9") as exchange:
        phone = Phone(exchange, "201", "guess", driver.address)
        for _ in range(12):
            assert (await phone.register()).status == 401
        assert driver.defence() == {"bans": 0, "dropped": 0}


async def test_a_registered_phone_may_be_busy():
    async with running() as driver, SipUa.open("127.0.0.3") as ua:
        phone = Phone(ua, "201", "s3cret", driver.address)
        await phone.register()
        for _ in range(20):
            assert (await phone.register()).status == 200
        assert driver.defence()["bans"] == 0


def _register(phone):
    address = f"<sip:{phone.user}@pbx>"
    headers = [("Via", phone.ua.via()), ("From", f"{address};tag=s"), ("To", address), ("Call-ID", f"s{phone.user}")]
    headers += [("CSeq", "1 REGISTER"), ("Max-Forwards", "70"), ("User-Agent", "friendly-scanner")]
    return Message(f"REGISTER {phone.registrar} SIP/2.0", headers)
