"""A SIP driver on a free port with a queue of the legs that appear, and a phone of our own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.sipua import Call, SipUa, until

from drivers.sip import SipDriver
from engine.lines import Leg


class Bench:
    """The driver under test; `legs` receives what `on_call` is given."""

    def __init__(self, driver: SipDriver) -> None:
        self.driver = driver
        self.legs: asyncio.Queue[Leg] = asyncio.Queue()

    async def leg(self) -> Leg:
        """The next incoming leg."""
        return await asyncio.wait_for(self.legs.get(), 3)

    async def call(self, phone: SipUa, did: str = "32", **options: Any) -> tuple[Leg, Call]:
        """A call that has come in and is not answered."""
        call = await phone.invite(did, self.driver.address, **options)
        return await self.leg(), call

    async def answered(self, phone: SipUa, **options: Any) -> tuple[Leg, Call]:
        """A call in progress."""
        leg, call = await self.call(phone, **options)
        await asyncio.gather(leg.answer(), call.answered())
        return leg, call

    async def idle(self) -> None:
        """Wait until everything is given back; TimeoutError when something is not."""
        await until(lambda: not any(self.driver.usage().values()))


@pytest.fixture
def single_port() -> range:
    """A range with a single RTP port, free at this moment whoever else runs tests on this machine."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            number = probe.getsockname()[1]
        if number % 2 == 0:
            return range(number, number + 1)


@pytest.fixture
async def phone() -> AsyncIterator[SipUa]:
    async with SipUa.open() as ua:
        yield ua


@pytest.fixture
async def bench(phone: SipUa) -> AsyncIterator[Bench]:
    """Stopped while the phone still answers."""
    bench = Bench(SipDriver(listen="127.0.0.1:0", rtp_ports=range(31000, 31400), media_workers=1))
    await bench.driver.start(bench.legs.put_nowait)
    yield bench
    await bench.driver.stop()
