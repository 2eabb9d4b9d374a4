"""Calls that SIPp makes: numbers, refusals, withdrawals, what gets lost, keys, silence."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack

import numpy as np
import pytest
from support.sipp import ended, running, sipp
from support.sound import alaw_encode

from engine.audio.clip import RATE
from engine.lines import Cause, Hangup

SHOWN = '"Anne Martin" <sip:0143670903@pbx.example>'
TRUNKS = {
    # Where the numbers of a call are read, by the address that it comes from.
    "127.0.1.1": {"did_from": "request-uri"},
    "127.0.1.2": {"did_from": "to"},
    "127.0.1.3": {"did_from": "p-called-party-id"},
    "127.0.1.4": {"did_from": "diversion"},
    "127.0.1.5": {"cli_from": ["from"]},
    "127.0.1.6": {"cli_from": ["remote-party-id", "from"]},
}
EVERYTHING = [
    "P-Called-Party-ID: <sip:0143670902@pbx.example>",
    "Diversion: <sip:0143670903@pbx.example>;reason=unconditional",
    "P-Asserted-Identity: <sip:0143670904@pbx.example>",
    "Remote-Party-ID: <sip:0143670905@pbx.example>;party=calling;privacy=off",
]
IDENTITIES = [
    # From where, with which From, with which headers more: the called and the calling number, and the caller's name.
    ("127.0.1.1", SHOWN, EVERYTHING, ("32", "0143670904", "Anne Martin")),
    ("127.0.1.2", SHOWN, EVERYTHING, ("0143670901", "0143670904", "Anne Martin")),
    ("127.0.1.3", SHOWN, EVERYTHING, ("0143670902", "0143670904", "Anne Martin")),
    ("127.0.1.4", SHOWN, EVERYTHING, ("0143670903", "0143670904", "Anne Martin")),
    ("127.0.1.5", SHOWN, EVERYTHING, ("32", "0143670903", "Anne Martin")),
    ("127.0.1.6", SHOWN, EVERYTHING, ("32", "0143670905", "Anne Martin")),
    ("127.0.1.1", SHOWN, [*EVERYTHING, "Privacy: id"], ("32", "", "")),
    ("127.0.1.6", SHOWN, ["Remote-Party-ID: <sip:0143670905@pbx.example>;privacy=full"], ("32", "", "")),
    ("127.0.1.5", '"Anonymous" <sip:anonymous@anonymous.invalid>', ["X-Nothing: 1"], ("32", "", "")),
]


@pytest.mark.parametrize("half", [0, 1])
async def test_numbers(tmp_path, half):
    """All at once; each is told by the trunk and the message that it has come with."""
    trunks = {f"t{host[-1]}": {"host": host, **rules} for host, rules in TRUNKS.items()}
    cases = IDENTITIES[half::2]
    found = []
    async with running(listen="127.0.0.1:0", allow=[], trunks=trunks) as driver, AsyncExitStack() as callers:
        for host, sender, headers, _ in cases:
            keys = {"from": sender, "to": "<sip:0143670901@pbx.example>", "extra": "\r\n".join(headers)}
            await callers.enter_async_context(
                sipp(tmp_path, "uac_call", to=driver.address, host=host, keys=keys, patience=15)
            )
        for _ in cases:
            leg = await driver.leg()
            found.append((leg.info.channel, leg.info.did, leg.info.cli, leg.info.name))
            await leg.answer()
    assert sorted(found) == sorted((f"sip/t{host[-1]}", *expected) for host, _, _, expected in cases)


@pytest.mark.parametrize(
    ("cause", "status"),
    [(Cause.BUSY, 486), (Cause.REJECTED, 603), (Cause.NOT_FOUND, 404), (Cause.CONGESTION, 503)],
)
async def test_refused(bench, tmp_path, cause, status):
    async with sipp(tmp_path, "uac_refused", to=bench.driver.address) as caller:
        leg = await bench.leg()
        await leg.ring()
        await leg.reject(cause)
    assert caller.messages("received")[-1].startswith(f"SIP/2.0 {status} ")
    await bench.idle()


async def test_an_invite_without_an_offer(bench, tmp_path):
    async with sipp(tmp_path, "uac_no_offer", "-d", 50, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


async def test_withdrawn(bench, tmp_path):
    async with sipp(tmp_path, "uac_cancels", to=bench.driver.address):
        leg = await bench.leg()
        await leg.ring()
        assert await ended(leg) == Hangup("remote", Cause.CANCELLED)
    await bench.idle()


async def test_withdrawn_when_it_was_answered(bench, tmp_path):
    async with sipp(tmp_path, "uac_cancels_late", to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    await bench.idle()


async def test_an_invite_that_comes_twice_and_an_answer_that_is_lost(bench, tmp_path):
    async with sipp(tmp_path, "uac_repeats_invite", "-nr", to=bench.driver.address) as caller:
        leg = await bench.leg()
        await caller.received("SIP/2.0 100 ", 2)
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)
    assert bench.legs.empty()
    first, second, _ = await caller.received("SIP/2.0 200 ", 3)  # the last is the BYE's
    assert first == second


async def test_no_ack_at_all(bench, tmp_path, monkeypatch):
    """SIPp's 32 s are less than a second of ours."""
    from sippy.Time.Timeout import Timeout

    monkeypatch.setattr("sippy.SipTransactionManager.Timeout", lambda call, s, *rest: Timeout(call, s / 40, *rest))
    async with sipp(tmp_path, "uac_never_acks", "-nr", to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await ended(leg) == Hangup("local", Cause.FAILED, "no ACK")
    await bench.idle()


@pytest.mark.skipif(os.geteuid() != 0, reason="SIPp sends telephone events by a raw socket, which takes root")
async def test_keys_as_telephone_events(bench, tmp_path):
    async with sipp(tmp_path, "uac_keys", to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert [await asyncio.wait_for(leg.digits.get(), 3) for _ in range(2)] == ["1", "#"]


async def test_keys_by_info(bench, tmp_path):
    async with sipp(tmp_path, "uac_digit", "-d", 50, to=bench.driver.address, keys={"digit": "7"}):
        leg = await bench.leg()
        await leg.answer()
        assert await asyncio.wait_for(leg.digits.get(), 3) == "7"
        await leg.hangup()


async def test_keys_as_tones(bench, tmp_path):
    time = np.arange(RATE // 10) / RATE
    five = 8000 * (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1336 * time))
    silence = np.zeros(RATE // 5)
    sound = np.concatenate([silence, five, silence, silence]).astype("<i2").tobytes()
    (tmp_path / "keys.alaw").write_bytes(alaw_encode(sound))
    async with sipp(tmp_path, "uac_tones", "-d", 800, to=bench.driver.address):
        leg = await bench.leg()
        await leg.answer()
        assert await asyncio.wait_for(leg.digits.get(), 3) == "5"


async def test_a_caller_who_sends_nothing(tmp_path):
    async with running(rtp_timeout=0.5) as driver, sipp(tmp_path, "uac_waits", to=driver.address):
        leg = await driver.leg()
        await leg.answer()
        hangup = await ended(leg)
        assert (hangup.by, hangup.cause) == ("local", Cause.FAILED)
        assert "rtp.timeout" in hangup.detail


async def test_more_calls_than_channels(tmp_path):
    operator = {"host": "127.0.0.1", "channels": 1}
    async with (
        running(allow=[], trunks={"operator": operator}) as driver,
        sipp(tmp_path, "uac_waits", to=driver.address),
    ):
        leg = await driver.leg()
        await leg.answer()
        async with sipp(tmp_path, "uac_refused", to=driver.address) as second:
            pass
        assert second.messages("received")[-1].startswith("SIP/2.0 503 ")
        assert driver.legs.empty()
        await leg.hangup()
