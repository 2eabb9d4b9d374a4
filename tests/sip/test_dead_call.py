"""A far end that has vanished without a BYE: its call is ended when its packets stay away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Address

import pytest
from support.sipua import SipUa, media_of

from drivers.sip import SipDriver
from engine.lines import Cause, Leg
from engine.server.settings import Rtp


@pytest.fixture
async def legs(phone: SipUa) -> AsyncIterator[tuple[SipDriver, asyncio.Queue[Leg]]]:
    """A driver behind an address translator, and the legs that come in."""
    found: asyncio.Queue[Leg] = asyncio.Queue()
    driver = SipDriver(
        listen="127.0.0.1:0",
        rtp_ports=range(31720, 31740),
        media_workers=1,
        rtp_timeout=0.6,
        rtp_external="192.0.2.7",
    )
    await driver.start(found.put_nowait)
    yield driver, found
    await driver.stop()


async def test_a_call_without_packets_ends(legs: tuple[SipDriver, asyncio.Queue[Leg]], phone: SipUa) -> None:
    driver, found = legs
    call = await phone.invite("32", driver.address)
    leg = await asyncio.wait_for(found.get(), 3)
    await asyncio.gather(leg.answer(), call.answered())
    hangup = await asyncio.wait_for(asyncio.shield(leg.ended), 3)
    assert (hangup.by, hangup.cause) == ("local", Cause.FAILED)
    assert "rtp.timeout" in hangup.detail
    await asyncio.wait_for(call.over.wait(), 3)


async def test_packets_are_asked_for_at_the_external_address(
    legs: tuple[SipDriver, asyncio.Queue[Leg]], phone: SipUa
) -> None:
    driver, found = legs
    call = await phone.invite("32", driver.address)
    leg = await asyncio.wait_for(found.get(), 3)
    _, final = await asyncio.gather(leg.answer(), call.answered())
    (host, _), _, _ = media_of(final.body)
    assert host == "192.0.2.7"
    await leg.hangup()


def test_the_settings() -> None:
    rtp = Rtp(external=IPv4Address("192.0.2.7"), dscp=0, timeout="0s")
    assert (str(rtp.external), rtp.dscp, rtp.timeout) == ("192.0.2.7", 0, 0.0)
    assert (Rtp().external, Rtp().dscp, Rtp().timeout) == (None, 46, 60.0)
