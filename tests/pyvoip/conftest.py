"""A pyVoIP driver on a free port whose peer is the tests' own user agent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.sipua import Call, SipUa, until

from drivers.pyvoip import PyVoipDriver
from engine.lines import Leg


class Bench:
    """The driver under test; `legs` receives what `on_call` is given."""

    def __init__(self, driver: PyVoipDriver) -> None:
        self.driver = driver
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def leg(self) -> Leg:
        """The next incoming leg."""
        return await asyncio.wait_for(self.legs.get(), 3)

    async def call(self, peer: SipUa, did: str = "32", **options: Any) -> tuple[Leg, Call]:
        """A call that has come in and is not answered."""
        call = await peer.invite(did, self.driver.address, **options)
        return await self.leg(), call

    async def answered(self, peer: SipUa, **options: Any) -> tuple[Leg, Call]:
        """A call in progress."""
        leg, call = await self.call(peer, **options)
        await asyncio.gather(leg.answer(), call.answered())
        return leg, call


@pytest.fixture
async def peer() -> AsyncIterator[SipUa]:
    async with SipUa.open() as ua:
        yield ua


@pytest.fixture
async def bench(peer: SipUa) -> AsyncIterator[Bench]:
    """Stopped while the peer still answers; nothing is left then."""
    driver = PyVoipDriver(
        listen="127.0.0.1:0", peer=f"{peer.host}:{peer.port}", channels=2, rtp_ports=range(25300, 25400)
    )
    bench = Bench(driver)
    await driver.start(bench.legs.put_nowait)
    yield bench
    await until(lambda: not any(driver.usage().values()))
    await driver.stop()
    assert "pyVoIP" not in "".join(thread.name for thread in threading.enumerate())
