"""The contract suite's view of the virtual driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.farend import Bench, FarEnd

from drivers.virtual import Party, VirtualDriver
from engine.audio.clip import Clip
from engine.lines import Cause, Leg


class VirtualFarEnd(FarEnd):
    def __init__(self, party: Party) -> None:
        self.party = party

    async def press(self, keys: str) -> None:
        self.party.press(keys)

    async def say(self, clip: Clip) -> None:
        await self.party.say(clip)

    async def hang_up(self) -> None:
        self.party.hang_up()

    def heard(self) -> bytes:
        return b"".join(heard.samples() for heard in self.party.heard)

    async def ended(self) -> None:
        await asyncio.shield(self.party.leg.ended)


class VirtualBench(Bench):
    lossy = False

    def __init__(self) -> None:
        self.driver = VirtualDriver()
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def call_in(self, did: str, cli: str) -> tuple[Leg, FarEnd]:
        party = self.driver.call(did, cli)
        return await self.legs.get(), VirtualFarEnd(party)

    def phone(self, behaviour: str) -> tuple[str, list[FarEnd]]:
        address = f"virtual:{behaviour}-{len(self.driver.phones)}"
        calls: list[FarEnd] = []

        def ring(party: Party) -> None:
            calls.append(VirtualFarEnd(party))
            if behaviour == "answer":
                asyncio.get_running_loop().call_later(0.05, party.leg.accept)
            elif behaviour in ("busy", "reject"):
                cause = Cause.BUSY if behaviour == "busy" else Cause.REJECTED
                asyncio.get_running_loop().call_later(0.05, party.hang_up, cause)

        self.driver.phones[address] = ring
        return address, calls


@asynccontextmanager
async def virtual_bench() -> AsyncIterator[Bench]:
    bench = VirtualBench()
    await bench.driver.start(bench.legs.put_nowait)
    try:
        yield bench
    finally:
        await bench.driver.stop()
