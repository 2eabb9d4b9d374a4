"""A trunk that goes down or comes up is told to those in charge, and not each time that it flaps."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.served import FLOWCTL, run, served
from support.sipregistrar import Operator
from support.sipua import SipUa, until

from drivers.sip import SipDriver
from engine.errors import CallError
from engine.lines import TrunkState
from engine.outside.ports import Mail
from engine.server.trunk_alerts import TrunkAlerts


class Board:
    """Those in charge."""

    def __init__(self, failure: str = "") -> None:
        self.told: list[str] = []
        self.failure = failure

    async def raise_alert(self, mail: Mail) -> None:
        if self.failure:
            raise CallError(self.failure)
        self.told.append(mail.subject)


async def test_a_trunk_that_loses_its_operator_and_finds_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.2)
    board = Board()
    alerts = TrunkAlerts(board, quiet=0)
    async with Operator.open("") as operator:
        trunk = {"host": "127.0.0.1", "port": operator.port, "options": 0.1}
        driver = SipDriver(
            listen="127.0.0.1:0",
            trunks={"operator": trunk},
            on_trunk=alerts.on_change,
            rtp_ports=range(31400, 31600),
            media_workers=1,
        )
        await driver.start(lambda _: None)
        await operator.request("OPTIONS", 2)
        assert board.told == [], "that it comes up at the start is no news"
        operator.silent = True
        await until(lambda: board.told)
        operator.silent = False
        await until(lambda: len(board.told) == 2)
        await driver.stop()
    await alerts.close()
    assert board.told == ["trunk operator is down: no answer to OPTIONS", "trunk operator is up"]


def state(up: bool) -> TrunkState:
    return TrunkState("operator", up, "" if up else "gone", datetime.now(UTC))


async def test_a_trunk_that_flaps_is_told_as_it_is_when_the_time_is_over() -> None:
    board = Board()
    alerts = TrunkAlerts(board, quiet=0.1)
    for up in (False, True, False, True, False, True):
        alerts.on_change(state(up))
        await asyncio.sleep(0)
    assert board.told == ["trunk operator is down: gone"]
    await until(lambda: len(board.told) == 2)
    assert board.told[1] == "trunk operator is up"
    await until(lambda: not alerts._telling)
    alerts.on_change(state(up=False))
    await until(lambda: len(board.told) == 3)
    await alerts.close()


async def test_an_alert_that_cannot_be_sent_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    alerts = TrunkAlerts(Board("no mail server"), quiet=60)
    with caplog.at_level(logging.ERROR, "flowctl"):
        alerts.on_change(state(up=False))
        await until(lambda: caplog.messages)
    assert caplog.messages == ["the alert about trunk operator was not sent: no mail server"]
    await alerts.close()


HOLD = """
format: 1
name: hold
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: pause}
  pause: {type: wait, duration: 60s, next: end}
"""


def busy(status: Path) -> bool:
    """Whether a channel has a call, as the server's file says."""
    return status.exists() and any(
        channel["state"] == "busy" for channel in json.loads(status.read_text())["channels"]
    )


async def test_channels_and_trunks_of_a_running_server_are_shown(tmp_path: Path) -> None:
    async with Operator.open("other") as operator, SipUa.open() as ua:
        trunk = {"host": "127.0.0.1", "port": operator.port, "user": "me", "register": True}
        settings: dict[str, Any] = {
            "sip": {"trunks": {"operator": trunk}},
            "channels": {"sip/operator": {"count": 2}},
        }

        async def shown() -> str:
            command = (*FLOWCTL, "channels")
            return (await run(*command, "--config", tmp_path / "server.yaml"))[1]

        async with served(tmp_path, {"hold.yaml": HOLD}, **settings) as server:
            call = await ua.invite("32", server.address)
            await call.answered()
            status = tmp_path / "var" / "status.json"
            await until(lambda: busy(status) and "401" in status.read_text(), 5)
            said = await shown()
            assert said.startswith("sip/operator/1  busy\n")
            assert "sip/operator: 1 more free" in said
            assert "trunk sip/operator  down: not registered: 401" in said
            await call.bye()
            await until(lambda: not busy(status), 5)
        assert (await shown()).endswith("the server is not running\n")
