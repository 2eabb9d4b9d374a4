"""An agent who is called by their code, past all centres."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.callcentre import busy, phone, play
from support.desktop import Desktop
from support.house import House

from engine.centres.desk import AgentState
from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions

DIRECT = """
format: 1
name: direct
voice: en
did: ["33"]
start: connect
nodes:
  connect: {type: TYPE, to: "1", on: {OUTCOMES: end, busy: end, no_answer: end, failed: end}}
"""
BRIDGE = DIRECT.replace("TYPE", "bridge").replace("OUTCOMES", "ended: end, rejected")
TRANSFER = DIRECT.replace("TYPE", "transfer, method: bridge").replace("OUTCOMES", "transferred")
BLIND = DIRECT.replace("TYPE", "transfer, method: driver").replace("OUTCOMES", "transferred")


def directory(**first: Any) -> Directory:
    """Agent 1 of the centre, and agent 4 who is in none."""
    agents = [{"code": code, "password": "secret", "phone": f"sip:{code}@x"} for code in "14"]
    return Directory.model_validate(
        {"agents": [{**agents[0], **first}, agents[1]], "centres": [{"name": "support", "agents": ["1"]}]}
    )


@pytest.mark.parametrize("text", [BRIDGE, TRANSFER])
def test_an_agent_who_is_called_by_their_code_is_busy(tmp_path: Path, text: str) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        anne = await Desktop().log_in(sessions, "1")
        house.driver.call("33", "1")
        await asyncio.sleep(0.5)
        assert house.services.centres.available("support") == []
        await asyncio.sleep(2)
        assert house.services.centres.desk("1").state is AgentState.ON_CALL
        await house.settle()
        assert anne.states == ["available", "connecting", "on_call", "available"]

    (record,) = play(tmp_path, story, text=text, directory=directory())
    assert record["path"][0]["outcome"] in ("ended", "transferred")


def test_whoever_calls_a_busy_agent_gets_the_substitute(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        for code in "14":
            await Desktop().log_in(sessions, code)
        house.driver.call("33", "first")
        await asyncio.sleep(2)
        house.driver.call("33", "second")
        await asyncio.sleep(2)
        assert [desk.state for desk in house.services.centres.desks] == [AgentState.ON_CALL] * 2

    play(tmp_path, story, text=BRIDGE, directory=directory(substitute="4"))


def test_an_agent_who_cannot_be_reached_is_free_again(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = busy
        await Desktop().log_in(sessions, "1")
        house.driver.call("33", "1")
        await house.settle()
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story, text=BRIDGE, directory=directory())
    assert record["path"][0]["outcome"] == "busy"


@pytest.mark.parametrize("after", [0.5, 1 - 1e-6, 1, 1 + 1e-6, 3])
def test_a_caller_who_hangs_up_frees_the_agent(tmp_path: Path, after: float) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        await Desktop().log_in(sessions, "1")
        party = house.driver.call("33", "1")
        await asyncio.sleep(after)
        party.hang_up()
        await asyncio.sleep(0.1)
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE

    play(tmp_path, story, text=BRIDGE, directory=directory())


@pytest.mark.parametrize("extension", ["0143670901", "0143670904"])
def test_an_extension_that_is_also_a_code_is_an_extension(tmp_path: Path, extension: str) -> None:
    """Whoever sits at a shared desk is called there: not who has its number as a code, and not their substitute for
    their being busy with this very call."""
    anne, hugo = "0143670901", "0143670904"
    agents = [
        {"code": anne, "password": "secret", "substitute": hugo},
        {"code": hugo, "password": "secret", "phone": "sip:4@x"},
    ]
    people = Directory.model_validate({"agents": agents, "centres": [{"name": "support", "agents": [anne]}]})

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones |= {extension: phone(1), "sip:4@x": busy}
        await Desktop(asked=AgentSession.accept).log_in(sessions, anne, extension=extension)
        await Desktop().log_in(sessions, hugo)
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story, method="sequential", directory=people)
    assert (record["result"], record["agent"]) == ("transferred", anne)


@pytest.mark.parametrize("text", [BRIDGE, TRANSFER, BLIND])
def test_an_agent_who_has_a_call_is_busy_for_whoever_calls_them(tmp_path: Path, text: str) -> None:
    """Their phone, which may well take a second call, does not ring."""

    async def story(house: House, sessions: Sessions) -> None:
        rung: list[str] = []
        ring = house.driver.phones["sip:1@x"]
        house.driver.phones["sip:1@x"] = lambda party: (rung.append(party.leg.info.cli), ring(party))
        await Desktop().log_in(sessions, "1")
        await house.services.centres.claim(house.services.centres.desk("1"), "another")
        house.driver.call("33", "second")
        await house.settle()
        assert rung == []
        await house.services.centres.release(house.services.centres.desk("1"))

    (record,) = play(tmp_path, story, text=text, directory=directory())
    assert record["path"][0]["outcome"] == "busy"


@pytest.mark.parametrize("text", [BRIDGE, TRANSFER, BLIND])
def test_who_stands_in_for_an_agent_does_not_reach_their_own_phone(tmp_path: Path, text: str) -> None:
    """They call from the extension that is their code; the colleague is not logged in, and has a phone."""
    rung: list[str] = []

    async def story(house: House, sessions: Sessions) -> None:
        for code in "14":
            house.driver.phones[f"sip:{code}@x"] = lambda party, code=code: (rung.append(code), busy(party))
        await Desktop().log_in(sessions, "4")
        house.driver.call("33", "4")

    play(tmp_path, story, text=text, directory=directory(substitute="4"))
    assert rung == ["1"]
