"""A machine that cannot keep up: the server refuses new calls at once, counts them, and the others go on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from support.hostile import HOLD
from support.served import served
from support.sipua import SipUa


async def test_a_machine_that_is_behind(tmp_path: Path):
    settings = {"sip": {"overload": "0.2s"}, "rtp": {"ports": "42600-42699", "workers": 1}}
    async with served(tmp_path, {"hold.yaml": HOLD}, **settings) as server, SipUa.open() as ua:
        kept = await ua.invite("32", server.address)
        await kept.answered()
        _, worker = server.processes()
        os.kill(worker, signal.SIGSTOP)
        try:
            await asyncio.sleep(1.2)
            late = await ua.invite("32", server.address)
            await late.response(503, timeout=0.5)
        finally:
            os.kill(worker, signal.SIGCONT)
        assert (await kept.bye()).status == 200
        await server.recorded(1)
        await server.logged("the machine is behind: calls are refused with 503")
    counters = json.loads((tmp_path / "var" / "counters.json").read_text())
    assert (counters["ever"]["incoming"], counters["ever"]["refused"]) == (1, 1)
