"""Scanners learn nothing, not even that something listens, and cost the callers nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.hostile import HOLD, a_call_works, request
from support.served import served
from support.sipua import SipUa

SCANNERS = ("friendly-scanner", "sipvicious", "sipcli/v1.8", "sundayddr", "VaxSIPUserAgent/3.5", "pplsip")


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "INVITE"])
async def test_a_flood_from_strangers_is_met_with_silence_while_calls_are_answered(tmp_path: Path, method: str):
    async with (
        served(tmp_path, {"hold.yaml": HOLD}) as server,
        SipUa.open() as caller,
        SipUa.open("127.0.0.66") as scanner,
    ):

        async def scan() -> None:
            for number in range(1, 1501):
                agent = SCANNERS[number % len(SCANNERS)]
                message = request(scanner, server.address, method, did=str(number), number=number, agent=agent)
                scanner.send(message, server.address)
                if number % 10 == 0:
                    await asyncio.sleep(0.005)

        scanning = asyncio.ensure_future(scan())
        await a_call_works(caller, server.address)
        assert not scanning.done(), "the call was set up in the midst of the flood"
        await scanning
        await a_call_works(caller, server.address)
        await server.recorded(2)
        assert scanner.log == []
        assert len(server.records()) == 2
        assert server.log().count("\n") < 20, "a scanner does not fill the log"


async def test_an_answer_names_no_product(tmp_path: Path):
    async with served(tmp_path, {"hold.yaml": HOLD}) as server, SipUa.open() as ua:
        await a_call_works(ua, server.address)
        for number, method in enumerate(("OPTIONS", "REGISTER", "JUMP"), 1):
            ua.send(request(ua, server.address, method, number=number), server.address)
        async with asyncio.timeout(3):
            while sum(message.status >= 400 or message.method == "OPTIONS" for message in ua.log) < 3:
                await asyncio.sleep(0.01)
        for message in ua.log:
            assert not message.get("Server")
            assert not message.get("User-Agent")
            assert "sippy" not in str(message).lower()
