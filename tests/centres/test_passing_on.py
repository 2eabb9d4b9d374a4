"""An agent whose phone passes the caller on is free again, however long the caller then talks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.callcentre import SEARCH, phone, play
from support.desktop import Desktop
from support.house import House

from engine.centres.desk import AgentState
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions

DIRECT = """
format: 1
name: direct
voice: en
did: ["32"]
start: connect
nodes:
  connect: {type: bridge, to: "1", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""


@pytest.mark.parametrize("text", [SEARCH, DIRECT])
def test_who_has_passed_the_caller_on_gets_the_next_call(tmp_path: Path, text: str) -> None:
    """And keeps that one when the first is over."""
    anne = Desktop(pending=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        parties = []

        def ring(party: object) -> None:
            parties.append(party)
            phone(1, talks=30)(party)

        house.driver.phones["sip:1@x"] = ring
        await anne.log_in(sessions, "1")
        desk = house.services.centres.desk("1")
        house.driver.call("32", "first")
        await asyncio.sleep(2)
        assert desk.state is AgentState.ON_CALL
        parties[0].leg.passed_on.set()
        await asyncio.sleep(0.1)
        assert desk.state is AgentState.AVAILABLE
        house.driver.call("32", "second")
        await asyncio.sleep(2)
        assert desk.state is AgentState.ON_CALL
        await asyncio.sleep(28)
        assert house.server.calls == 1
        assert desk.state is AgentState.ON_CALL

    records = play(tmp_path, story, text=text)
    assert [record["duration"] for record in records] == [pytest.approx(31, abs=0.1)] * 2
