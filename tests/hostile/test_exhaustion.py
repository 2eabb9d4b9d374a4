"""Something runs out: the call that would need it is refused at once, the others go on, and it comes back alone."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from support.hostile import HOLD, a_call_works
from support.served import served
from support.sipua import Call, SipUa


async def calls_until_refused(ua: SipUa, to: tuple[str, int], most: int) -> tuple[list[Call], int]:
    """Calls that are answered, one after another until one is not; and what that one was told."""
    answered: list[Call] = []
    while len(answered) < most:
        call = await ua.invite("32", to)
        started = time.monotonic()
        final = await call.response(*range(200, 700))
        if final.status != 200:
            assert time.monotonic() - started < 0.5
            return answered, final.status
        answered.append(call)
    return answered, 200


async def test_twenty_rtp_ports_are_ten_calls(tmp_path: Path):
    ports = {"rtp": {"ports": "42600-42619", "workers": 2}, "channels": {"sip": {"count": 100}}}
    async with served(tmp_path, {"hold.yaml": HOLD}, **ports) as server, SipUa.open() as ua:
        calls, status = await calls_until_refused(ua, server.address, 20)
        assert (len(calls), status) == (10, 503)
        more = await asyncio.gather(*(ua.invite("32", server.address) for _ in range(20)))
        finals = await asyncio.gather(*(call.response(*range(200, 700)) for call in more))
        assert {final.status for final in finals} == {503}
        heard = len(calls[0].rtp.received)
        await server.logged("RTP ports: 10 of 10 are in use")
        assert len(calls[0].rtp.received) > heard, "the calls in progress are unharmed"
        for call in calls[:3]:
            await call.bye()
        await server.recorded(3)  # a port is given back after the BYE is answered
        again, status = await calls_until_refused(ua, server.address, 20)
        assert (len(again), status) == (3, 503)
        for call in [*calls[3:], *again]:
            await call.bye()
        await server.recorded(13)
        await server.logged("RTP ports: 0 of 10 are in use, there is room again")
        await a_call_works(ua, server.address)
        assert "Traceback" not in server.log()
    counters = json.loads((tmp_path / "var" / "counters.json").read_text())
    assert (counters["ever"]["incoming"], counters["ever"]["refused"]) == (14, 1 + 20 + 1)


async def test_sixty_four_descriptors(tmp_path: Path):
    few = {"rtp": {"ports": "42000-42999", "workers": 1}}
    async with served(tmp_path, {"hold.yaml": HOLD}, descriptors=64, **few) as server, SipUa.open() as ua:
        before = server.descriptors()
        calls, status = await calls_until_refused(ua, server.address, 64)
        assert status == 503
        assert 20 <= len(calls) < 64
        _, status = await calls_until_refused(ua, server.address, 1)
        assert status == 503
        await server.logged("of 64 are in use")
        for call in calls:
            assert (await call.bye()).status == 200
            call.rtp.close()
        await server.recorded(len(calls))
        await server.logged("of 64 are in use, there is room again")
        await a_call_works(ua, server.address)
        # The database's pool may have one connection more than before, which is a file and its journal.
        grown = [before[0] + 2, *before[1:]]
        for _ in range(60):
            if (after := server.descriptors()) in (before, grown):
                break
            await asyncio.sleep(0.05)
        assert after in (before, grown)
        assert "Traceback" not in server.log()
