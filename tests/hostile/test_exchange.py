"""The exchange hangs: its process is stopped, so that nothing is refused and nothing answered."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from support.hostile import HOLD
from support.served import served
from support.sipua import until

from drivers.sip import SipDriver
from engine.errors import NoChannel
from engine.outside.ports import Mail
from engine.server.trunk_alerts import TrunkAlerts

NUMBER = "32"


class Board:
    """Those in charge."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def raise_alert(self, mail: Mail) -> None:
        self.told.append(mail.subject)


async def test_an_exchange_that_hangs_is_left_alone_told_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.3)
    board = Board()
    alerts = TrunkAlerts(board, quiet=0)
    async with served(tmp_path, {"hold.yaml": HOLD}) as exchange:
        trunk = {"host": "127.0.0.1", "port": exchange.port, "options": 0.2}
        driver = SipDriver(
            listen="127.0.0.1:0",
            trunks={"exchange": trunk},
            on_trunk=alerts.on_change,
            rtp_ports=range(36800, 37000),
            media_workers=1,
        )
        await driver.start(lambda _: None)
        try:
            await until(lambda: driver.trunks()["exchange"].up)
            leg = await driver.originate(NUMBER)
            os.kill(exchange.process.pid, signal.SIGSTOP)
            try:
                await until(lambda: board.told)
                assert not driver.trunks()["exchange"].up
                asked = time.monotonic()
                with pytest.raises(NoChannel, match="no trunk is up"):
                    await driver.originate(NUMBER)
                assert time.monotonic() - asked < 0.2
                await asyncio.wait_for(leg.hangup(), 1)  # nobody confirms it
            finally:
                os.kill(exchange.process.pid, signal.SIGCONT)
            await until(lambda: len(board.told) == 2)
            leg = await driver.originate(NUMBER)
            await leg.hangup()
            await until(lambda: not any(driver.usage().values()))
        finally:
            await driver.stop()
            await alerts.close()
    assert board.told == ["trunk exchange is down: no answer to OPTIONS", "trunk exchange is up"]
