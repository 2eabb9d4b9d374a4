"""Agents, their telephones and those who look after them, at the worst moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.callcentre import SEARCH, busy, later, people, phone, play
from support.desktop import Desktop
from support.house import House

from drivers.virtual import Party
from engine.centres.desk import AgentState
from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions
from engine.lines import Cause

TRANSFER = SEARCH.replace("timeout: 60s", "timeout: 60s\n    connect: transfer")


def silent(party: Party) -> None:
    """Rings for half a minute."""
    asyncio.get_running_loop().call_later(30, party.hang_up, Cause.NO_ANSWER)


def changed(directory: Directory, **first: Any) -> Directory:
    """Another agent 1."""
    agents = [directory.agents[0].model_copy(update=first), *directory.agents[1:]]
    return directory.model_copy(update={"agents": agents})


def without(directory: Directory, code: str) -> Directory:
    agents = [agent for agent in directory.agents if agent.code != code]
    centres = [c.model_copy(update={"agents": [one for one in c.agents if one != code]}) for c in directory.centres]
    return Directory(agents=agents, centres=centres)


@pytest.mark.parametrize("telephone_only", [False, True])
def test_a_free_agent_is_asked_for_the_second_call_while_another_is_asked_for_the_first(
    tmp_path: Path, telephone_only: bool
) -> None:
    anne, hugo = Desktop(), Desktop()
    directory = people(answer_delay="20s")
    if telephone_only:
        directory = directory.model_copy(
            update={"agents": [a.model_copy(update={"login": "none"}) for a in directory.agents]}
        )

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones |= {f"sip:{code}@x": phone(30) for code in "123"}
        if not telephone_only:
            await anne.log_in(sessions, "1")
            await hugo.log_in(sessions, "2")
        callers = [house.driver.call("32", "first"), house.driver.call("32", "second")]
        await asyncio.sleep(1)
        states = [house.services.centres.desk(code).state for code in "12"]
        assert states == [AgentState.OFFERED] * 2
        for caller in callers:
            caller.hang_up()

    play(tmp_path, story, method="sequential", directory=directory)


def test_an_agent_who_is_taken_away_and_put_back_still_has_the_call(tmp_path: Path) -> None:
    anne, again = Desktop(asked=AgentSession.accept), Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        centres = house.services.centres
        await anne.log_in(sessions, "1")
        house.driver.call("32", "first")
        await asyncio.sleep(2)
        centres.apply(without(people(), "1"))
        assert anne.letters[-1] == "D"
        centres.apply(people())
        await again.log_in(sessions, "1")
        assert centres.desk("1").state is AgentState.ON_CALL
        second = house.driver.call("32", "second")
        await asyncio.sleep(1)
        assert again.letters == "A"
        await asyncio.sleep(4)
        assert again.letters == "A?"
        second.hang_up()

    play(tmp_path, story, method="sequential")


def test_an_agent_who_is_removed_for_good_leaves_nothing_behind(tmp_path: Path) -> None:
    anne = Desktop(pending=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")
        await asyncio.sleep(2)
        house.services.centres.apply(without(people(wrap_up="60s"), "1"))
        await house.settle()
        house.services.centres.apply(people(wrap_up="60s"))
        assert (await Desktop().log_in(sessions, "1")).states == ["available"]

    (record,) = play(tmp_path, story, wrap_up="60s")
    assert (record["result"], record["agent"]) == ("transferred", "1")


def test_a_second_log_in_goes_on_where_the_first_one_was(tmp_path: Path) -> None:
    """A connection that is lost unnoticed: the client is back before the server knows."""

    async def story(house: House, sessions: Sessions) -> None:
        first = await Desktop().log_in(sessions, "1")
        first.session.be_unavailable("lunch")
        second = await Desktop().log_in(sessions, "1")
        assert (first.letters, second.states) == ("AD", ["unavailable"])

    play(tmp_path, story)


def test_who_was_cut_off_while_asked_is_asked_again(tmp_path: Path) -> None:
    anne, again = Desktop(), Desktop(asked=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")
        await asyncio.sleep(1)
        anne.session.close(linger=sessions.linger)
        await asyncio.sleep(0.5)
        await again.log_in(sessions, "1")

    (record,) = play(tmp_path, story, method="sequential")
    assert (anne.letters, again.letters, record["agent"]) == ("A?", "A?HT", "1")


def test_a_caller_who_hangs_up_while_the_line_connects_has_hung_up(tmp_path: Path) -> None:
    anne, hugo = Desktop(pending=later(1, AgentSession.accept)), Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = phone(20)
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        party = house.driver.call("32", "1")
        await asyncio.sleep(3)
        party.hang_up()

    (record,) = play(tmp_path, story, text=TRANSFER)
    assert (record["result"], record["agent"]) == ("caller_hung_up", None)
    assert (anne.letters, hugo.letters, hugo.last.reason) == ("APHT", "APHT", "the caller hung up")


@pytest.mark.parametrize("text", [SEARCH, TRANSFER])
@pytest.mark.parametrize("extension", ["0899700000", "17"])
def test_an_extension_that_may_not_be_called_is_a_phone_that_fails(tmp_path: Path, text: str, extension: str) -> None:
    anne, hugo = Desktop(pending=AgentSession.accept), Desktop(show=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1", extension=extension)
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story, text=text)
    assert (anne.letters, record["agent"]) == ("APHSHT", "2")


def test_an_agent_whose_phone_is_taken_away_is_told(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        anne = await Desktop().log_in(sessions, "1")
        house.services.centres.apply(changed(people(), phone=None))
        assert anne.states == ["available", "logged_out"]
        house.services.centres.apply(people())
        assert anne.states == ["available", "logged_out", "available"]

    play(tmp_path, story)


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize("text", [SEARCH, TRANSFER])
@pytest.mark.parametrize("after", [0.5, 1.5, 2.5])
def test_an_agent_deactivated_while_connecting_or_talking_has_the_call(
    tmp_path: Path, method: str, text: str, after: float
) -> None:
    """0.5 s: has accepted, and the phone rings; 1.5 s: they talk, or the line has connected them."""
    anne = Desktop(pending=AgentSession.accept, asked=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")
        await asyncio.sleep(after)
        house.services.centres.apply(changed(people(), active=False))
        await house.settle()
        assert house.services.centres.desk("1").state is AgentState.LOGGED_OUT

    (record,) = play(tmp_path, story, method=method, text=text)
    assert (record["result"], record["agent"]) == ("transferred", "1")
    assert anne.letters.count("D") == 1


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize("text", [SEARCH, TRANSFER])
@pytest.mark.parametrize(("fails", "seconds"), [(busy, 0), (silent, 30)])
def test_the_phone_of_an_agent_is_busy_or_silent(
    tmp_path: Path, method: str, text: str, fails: Any, seconds: float
) -> None:
    """The next one has the call: after the ring time where the phone was silent."""
    anne = Desktop(pending=AgentSession.accept, asked=AgentSession.accept)
    hugo = Desktop(show=AgentSession.accept, asked=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = fails
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story, method=method, text=text)
    assert record["agent"] == "2"
    connected = 5 if text is SEARCH else 0
    assert record["duration"] == pytest.approx(seconds + 1 + connected, abs=0.1)


@pytest.mark.parametrize("text", [SEARCH, TRANSFER])
def test_who_could_not_be_connected_twice_sees_the_call_no_more(tmp_path: Path, text: str) -> None:
    """A sequential search asks them no more, so the call does not wait for them either; the first time, it does."""
    anne, hugo = Desktop(asked=AgentSession.accept), Desktop(asked=AgentSession.reject)

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = busy
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        hugo.session.be_unavailable()
        house.driver.call("32", "1")
        await asyncio.sleep(0.5)
        assert anne.letters == "A?HS?HT"
        assert anne.last.reason == "the connection to Anne failed: busy"
        anne.session.accept(anne.events[1].facts.call)
        assert anne.last.reason == "this call waits no longer"
        hugo.session.be_available()

    (record,) = play(tmp_path, story, method="sequential", text=text)
    assert record["path"][0]["outcome"] == "timeout"
    assert (anne.letters, hugo.letters) == ("A?HS?HTT", "A?T")


def test_who_asks_for_the_call_that_waits_for_them_again_has_it(tmp_path: Path) -> None:
    """Their phone was busy; another agent is asked meanwhile, and does not answer."""
    anne, hugo = Desktop(asked=AgentSession.accept, show=later(1, AgentSession.accept)), Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = busy
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "1")
        await asyncio.sleep(5)
        house.driver.phones["sip:1@x"] = phone(1)

    (record,) = play(tmp_path, story, method="sequential", answer_delay="10s")
    assert (record["agent"], anne.letters, hugo.letters) == ("1", "A?HSHT", "A?T")


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
def test_who_accepts_twice_is_connected_once(tmp_path: Path, method: str) -> None:
    """A double click, or one out of impatience, while a phone is tried that turns out to be switched off."""
    rung: list[Party] = []

    def off(party: Party) -> None:
        rung.append(party)
        asyncio.get_running_loop().call_later(1, party.hang_up, Cause.FAILED)

    def impatient(session: AgentSession, call: str) -> None:
        for after in (0.0, 0.0, 0.5):
            asyncio.get_running_loop().call_later(after, session.accept, call)

    anne = Desktop(pending=impatient, asked=impatient)

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = off
        await anne.log_in(sessions, "1")
        hugo = await Desktop().log_in(sessions, "2")
        hugo.session.be_unavailable()
        caller = house.driver.call("32", "1")
        await asyncio.sleep(10)
        caller.hang_up()

    play(tmp_path, story, method=method)
    asked = 1 if method == "broadcast" else 2
    assert (len(rung), anne.letters) == (asked, "APHST" if asked == 1 else "A?HS?HT")


@pytest.mark.parametrize("doing", ["resting", "not to be disturbed"])
def test_who_asks_for_a_call_that_they_see_has_it_whatever_they_have_said_before(tmp_path: Path, doing: str) -> None:
    """They were shown two calls, and rest after the first, or do not want to be disturbed: but they want this one."""
    anne = Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "first")
        house.driver.call("32", "second")
        await asyncio.sleep(1)
        first, second = (event.facts.call for event in anne.events[1:])
        anne.session.accept(first)
        await asyncio.sleep(1.5)
        anne.session.accept(second)
        await asyncio.sleep(5)
        desk = house.services.centres.desk("1")
        if doing != "resting":
            anne.session.be_available()
            anne.session.be_unavailable("lunch")
        assert desk.state is (AgentState.WRAP_UP if doing == "resting" else AgentState.UNAVAILABLE)
        anne.session.accept(second)
        await asyncio.sleep(2)
        assert desk.state is AgentState.ON_CALL
        await asyncio.sleep(5)
        assert desk.unavailable == (None if doing == "resting" else "lunch")

    assert [record["agent"] for record in play(tmp_path, story, wrap_up="60s")] == ["1", "1"]
