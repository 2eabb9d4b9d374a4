"""What is kept of agents: when they were there, and what they did."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from support.callcentre import SEARCH, later, people, phone, play
from support.desktop import Desktop
from support.house import House

from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions


def states(house: House, code: str) -> list[tuple[Any, ...]]:
    """What the agent did: state, reason, call, centre, seconds."""
    return [
        (fact["state"], fact["reason"], fact["call"], fact["centre"], fact["duration"])
        for fact in house.facts("agent_state")
        if fact["agent"] == code
    ]


def test_a_day_of_an_agent_is_told_without_a_gap(tmp_path: Path):
    anne = Desktop(pending=later(2, AgentSession.accept))
    houses: list[House] = []

    async def story(house: House, sessions: Sessions) -> None:
        houses.append(house)
        await anne.log_in(sessions, "1")
        assert anne.session is not None
        await asyncio.sleep(10)
        anne.session.be_unavailable("coffee")
        await asyncio.sleep(300)
        anne.session.be_unavailable("lunch")
        await asyncio.sleep(60)
        anne.session.be_available()
        await asyncio.sleep(10)
        house.driver.call("32", "1")
        await asyncio.sleep(20)
        anne.session.be_available()
        await asyncio.sleep(5)
        anne.session.close()

    (record,) = play(tmp_path, story, wrap_up="30s")
    about = (record["id"], "support")
    assert states(houses[0], "1") == [
        ("available", "", "", "", 10),
        ("unavailable", "coffee", "", "", 300),
        ("unavailable", "lunch", "", "", 60),
        ("available", "", "", "", 12),
        ("connecting", "", *about, 1),
        ("on_call", "", *about, 5),
        ("wrap_up", "", *about, 12),
        ("available", "", "", "", 5),
    ]
    (session,) = houses[0].facts("agent_session")
    assert (session["agent"], session["extension"], session["duration"]) == ("1", "sip:1@x", 405)
    assert session["ending"] == "logged_out"


def test_how_sessions_end(tmp_path: Path):
    houses: list[House] = []

    async def story(house: House, sessions: Sessions) -> None:
        houses.append(house)
        one, two = Desktop(), Desktop()
        await one.log_in(sessions, "1")
        await asyncio.sleep(1)
        await one.log_in(sessions, "1")
        await two.log_in(sessions, "2")
        await asyncio.sleep(1)
        assert one.session is not None
        one.session.close(linger=30, ending="lost")
        await Desktop().log_in(sessions, "3")
        await asyncio.sleep(1)
        house.services.centres.apply(Directory.model_validate({"agents": [{"code": "3", "password": "x"}]}))
        await one.log_in(sessions, "1")

    assert play(tmp_path, story) == []
    told = [(fact["agent"], fact["ending"], fact["duration"]) for fact in houses[0].facts("agent_session")]
    assert told == [("1", "elsewhere", 1), ("1", "lost", 1), ("2", "dismissed", 2), ("3", "stopped", 1)]


def test_who_has_nothing_but_a_telephone_is_there_from_the_start(tmp_path: Path):
    houses: list[House] = []
    directory = Directory.model_validate(
        {"agents": [{"code": "1", "phone": "sip:1@x"}], "centres": [{"name": "support", "agents": ["1"]}]}
    )

    async def story(house: House, _: Sessions) -> None:
        houses.append(house)
        await asyncio.sleep(3)
        house.driver.call("32", "1")
        await asyncio.sleep(20)
        house.services.centres.apply(people())
        await asyncio.sleep(7)

    (record,) = play(tmp_path, story, text=SEARCH, directory=directory)
    about = (record["id"], "support")
    assert states(houses[0], "1") == [
        ("available", "", "", "", 3),
        ("offered", "", *about, 1),
        ("connecting", "", *about, 0),
        ("on_call", "", *about, 5),
        ("available", "", "", "", 14),
    ]
    assert houses[0].facts("agent_session") == []


def test_a_call_that_an_agent_makes_is_theirs(tmp_path: Path):
    houses: list[House] = []

    async def story(house: House, sessions: Sessions) -> None:
        houses.append(house)
        await Desktop().log_in(sessions, "1")
        house.driver.phones["0143670903"] = phone(2)
        await house.calling.start("1", "0143670903")
        await asyncio.sleep(20)

    (record,) = play(tmp_path, story)
    assert [told[:4] for told in states(houses[0], "1")] == [
        ("connecting", "", record["id"], ""),
        ("on_call", "", record["id"], ""),
        ("available", "", "", ""),
    ]
