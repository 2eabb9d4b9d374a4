"""Transfers by the keys of an exchange, as they go over the wire of a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.served import served
from support.sipua import SipUa, until

from engine.errors import CallError, Unsupported

TRANSFER = """
format: 1
name: hand_over
did: ["32"]
start: a
nodes:
  a: {type: transfer, to: "201", on: {transferred: end, busy: end, no_answer: end, failed: end}}
"""
FLASH = 16


def events(call):
    """The event codes that have come by RFC 4733, in order."""
    found = {}
    for packet in call.rtp.received:
        if packet.payload_type == call.rtp.dtmf:
            found.setdefault(packet.timestamp, packet.payload[0])
    return [found[stamp] for stamp in sorted(found)]


@pytest.mark.parametrize("lets_go", [True, False])
@pytest.mark.parametrize("by_info", [True, False])
async def test_a_caller_is_transferred(tmp_path: Path, lets_go: bool, by_info: bool):
    """lets_go: the exchange hangs up when it has them; otherwise we do."""
    settings = {
        "telephony": {
            "internal_digits": 3,
            "transfer": {"method": "exchange", "exchange": {"code": "!", "wait": "10s" if lets_go else "500ms"}},
        },
        "sip": {"hook_flash": "info" if by_info else "event"},
    }
    async with SipUa.open() as phone, served(tmp_path, {"a.yaml": TRANSFER}, **settings) as server:
        call = await phone.invite("32", server.address)
        await call.answered()
        keys = [2, 0, 1] if by_info else [FLASH, 2, 0, 1]
        await until(lambda: events(call) == keys)
        if by_info:
            (info,) = [message for message in call.requests if message.method == "INFO"]
            assert (info.get("Content-Type"), info.body) == ("application/hook-flash", "Signal=hf\r\n")
        if lets_go:
            await asyncio.sleep(0.2)  # the last key has been let go of by then
            await call.bye()
        else:
            await call.over.wait()
        (record,) = await server.recorded(1)
    assert (record["result"], record["transferred_to"]) == ("transferred", "201")


async def test_a_far_end_that_takes_no_flash(bench, phone):
    leg, call = await bench.answered(phone)
    leg.flash_by_info = True
    call.mute = True
    flashing = asyncio.create_task(leg.send_digits("!1"))
    call.reply(await call.request("INFO"), 415)
    with pytest.raises(Unsupported, match="415"):
        await asyncio.wait_for(flashing, 3)
    assert events(call) == []
    call.mute = False


async def test_a_far_end_without_telephone_events(bench, phone):
    """Keys are tones, a hook-flash is not to be had."""
    leg, call = await bench.answered(phone, dtmf=None)
    await call.rtp.wait_for(3)
    await leg.send_digits("12")
    silence = b"\xd5" * 160
    tones = [packet for packet in call.rtp.audio() if packet.payload != silence]
    # Two keys of 100 ms; a machine that is busy may owe a packet of each.
    assert 8 <= len(tones) <= 10
    with pytest.raises(CallError):
        await leg.send_digits("!")
