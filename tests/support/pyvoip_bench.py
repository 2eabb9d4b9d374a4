"""The contract suite's view of the pyVoIP driver: its peer is the tests' own user agent, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.farend import Bench, FarEnd
from support.sip_bench import SipFarEnd
from support.sipua import SipUa

from drivers.pyvoip import PyVoipDriver
from engine.lines import Leg


class PyVoipBench(Bench):
    lossy = True

    def __init__(self, driver: PyVoipDriver, ua: SipUa) -> None:
        self.driver = driver
        self.ua = ua
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()
        self.tasks: list[asyncio.Task[None]] = []

    async def call_in(self, did: str, cli: str) -> tuple[Leg, FarEnd]:
        call = await self.ua.invite(did, self.driver.address, cli=cli)
        return await asyncio.wait_for(self.legs.get(), 3), SipFarEnd(call)

    def phone(self, behaviour: str) -> tuple[str, list[FarEnd]]:
        calls: list[FarEnd] = []
        self.tasks.append(asyncio.ensure_future(self._ring(behaviour, calls)))
        return self.ua.uri(behaviour), calls

    async def _ring(self, behaviour: str, calls: list[FarEnd]) -> None:
        call = await self.ua.next_call()
        calls.append(SipFarEnd(call))
        call.ring()
        if behaviour == "answer":
            await call.answer(codecs=("PCMU",))
        elif behaviour in ("busy", "reject"):
            call.reject(486 if behaviour == "busy" else 603)


@asynccontextmanager
async def pyvoip_bench() -> AsyncIterator[Bench]:
    async with SipUa.open() as ua:
        driver = PyVoipDriver(listen="127.0.0.1:0", peer=f"{ua.host}:{ua.port}", rtp_ports=range(25200, 25300))
        bench = PyVoipBench(driver, ua)
        await driver.start(bench.legs.put_nowait)
        try:
            yield bench
        finally:
            for task in bench.tasks:
                task.cancel()
            await asyncio.gather(*bench.tasks, return_exceptions=True)
            await driver.stop()
