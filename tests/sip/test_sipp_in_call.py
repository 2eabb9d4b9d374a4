"""What SIPp does while a call goes on: hold, and session timers with either refresher."""

from __future__ import annotations

import asyncio

import pytest
from support.sipp import ended, running, sipp

from engine.lines import Cause, Hangup

UNREFRESHED = Hangup("remote", Cause.FAILED, "no refresh of the session within 1 s")


@pytest.fixture
def quick(monkeypatch):
    """Session timers of a second are allowed, refreshed after a half."""
    monkeypatch.setattr("drivers.sip.session_timer.MIN_SE", 1)


async def test_a_caller_holds(bench, tmp_path):
    async with sipp(tmp_path, "uac_holds", "-d", 50, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


async def test_a_called_party_holds(bench, tmp_path):
    async with sipp(tmp_path, "uas_holds") as called:
        leg = await bench.driver.originate(called.uri("201"))
        await called.received("SIP/2.0 200 ", 5)  # two re-INVITEs and two UPDATEs, and the one that wants our offer
        assert leg.alive
        await leg.hangup()
    await bench.idle()


async def test_too_short_a_timer(bench, tmp_path):
    async with sipp(tmp_path, "uac_timer_too_short", to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    assert bench.legs.empty()


@pytest.mark.parametrize("scenario", ["uac_refreshed", "uac_refreshed_by_reinvite"])
async def test_we_refresh_for_a_caller(bench, tmp_path, quick, scenario):
    async with sipp(tmp_path, scenario, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)


async def test_a_caller_refreshes(bench, tmp_path, quick):
    async with sipp(tmp_path, "uac_refreshes", to=bench.driver.address):
        leg = await bench.leg()
        began = asyncio.get_running_loop().time()
        await leg.answer()
        assert await ended(leg) == UNREFRESHED
        assert asyncio.get_running_loop().time() - began > 1.1  # without the refreshes it is 0.67 s


async def test_we_refresh_for_a_called_party(tmp_path, quick):
    async with sipp(tmp_path, "uas_refreshed") as called, running(session_timer=1) as driver:
        leg = await driver.call(called.uri("201"))
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)


async def test_a_called_party_refreshes(tmp_path, quick):
    async with sipp(tmp_path, "uas_refreshes") as called, running(session_timer=1) as driver:
        leg = await driver.call(called.uri("201"))
        began = asyncio.get_running_loop().time()
        assert await ended(leg) == UNREFRESHED
        assert asyncio.get_running_loop().time() - began > 0.8
