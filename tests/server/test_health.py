"""Whether a server lives, and whether calls may be sent to it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.sip import SipDriver
from drivers.virtual import VirtualDriver
from engine.lines import TrunkState
from engine.server import health
from engine.server.health import Health
from engine.tasks import cancel


class Trunked(VirtualDriver):
    def __init__(self) -> None:
        super().__init__()
        self.up = {"a": True, "b": True}

    def trunks(self) -> dict[str, TrunkState]:
        since = datetime(2027, 1, 1, tzinfo=UTC)
        return {name: TrunkState(name, up, "" if up else "no answer", since) for name, up in self.up.items()}


def whats(it: Health) -> list[str]:
    return [reason.what for reason in it.reasons()]


async def test_calls_may_come_while_it_serves_and_a_trunk_is_up() -> None:
    driver = Trunked()
    it = Health([driver, VirtualDriver()])
    assert whats(it) == ["starting"]
    it.phase = "serving"
    assert whats(it) == []
    driver.up = {"a": False, "b": True}
    assert whats(it) == []
    driver.up = {"a": False, "b": False}
    assert [reason.detail for reason in it.reasons()] == ["a: no answer", "b: no answer"]
    it.phase = "stopping"
    assert whats(it) == ["stopping"]


async def test_signalling_that_hangs_is_found_and_so_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK", 0.1)
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(41200, 41210), media_workers=1)
    await driver.start(lambda leg: None)
    it = Health([driver])
    it.phase = "serving"
    driver._reactor.post(time.sleep, 0.8)
    watching = asyncio.create_task(it.watch())
    try:
        async with asyncio.timeout(5):
            while it.alive:
                await asyncio.sleep(0.02)
            assert whats(it) == ["stuck"]
            while not it.alive:
                await asyncio.sleep(0.02)
        assert whats(it) == []
    finally:
        await cancel(watching)
        await driver.stop()


async def test_a_loop_that_was_late_is_seen_for_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Health([])
    loop: Any = asyncio.get_running_loop()
    monkeypatch.setattr(health, "EVERY", 0.01)
    watching = asyncio.create_task(it.watch())
    await asyncio.sleep(0.02)
    began = loop.time()
    while loop.time() < began + 0.1:
        pass
    async with asyncio.timeout(5):
        while it.loop_delay < 0.05:
            await asyncio.sleep(0.01)
    await cancel(watching)
