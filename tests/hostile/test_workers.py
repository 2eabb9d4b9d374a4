"""A media worker is killed: its calls end, and say why; the others notice nothing, and another takes its place."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from support.hostile import HOLD, a_call_works
from support.served import served
from support.sipua import SipUa, until


async def test_a_worker_that_is_killed_takes_its_own_calls_only_and_is_replaced(tmp_path: Path):
    two = {"rtp": {"ports": "42700-42799", "workers": 2}}
    async with served(tmp_path, {"hold.yaml": HOLD}, **two) as server, SipUa.open() as ua:
        calls = [await ua.invite("32", server.address, cli=str(number)) for number in range(6)]
        await asyncio.gather(*(call.answered() for call in calls))
        killed = server.processes()[1]
        os.kill(killed, signal.SIGKILL)
        await until(lambda: sum(call.over.is_set() for call in calls) == 3)
        failed = await server.recorded(3)
        alive = [call for call in calls if not call.over.is_set()]
        heard = [len(call.rtp.received) for call in alive]
        await until(lambda: all(len(c.rtp.received) > n + 10 for c, n in zip(alive, heard, strict=True)))
        await until(lambda: len(server.processes()) == 3 and killed not in server.processes(), timeout=10)
        assert {record["result"] for record in failed} == {"failed"}
        assert {record["reason"] for record in failed} == {"the line failed: the media worker died"}
        for _ in range(2):
            await a_call_works(ua, server.address)
        for call in alive:
            assert (await call.bye()).status == 200
        records = await server.recorded(8)
        assert [record["result"] for record in records[3:]] == ["caller_hung_up"] * 5
        assert "Traceback" not in server.log()
