"""Calls and agents who are logged in, on a virtual clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.callcentre import SEARCH, busy, later, people, play
from support.desktop import Desktop
from support.house import House

from engine.centres.desk import AgentState
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions


def test_everybody_sees_the_call_and_the_first_to_accept_has_it(tmp_path: Path) -> None:
    anne, hugo = Desktop(pending=later(2, AgentSession.accept)), Desktop(pending=later(3, AgentSession.accept))

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "0143670903")
        await asyncio.sleep(2.5)
        assert house.services.centres.desk("1").state is AgentState.CONNECTING
        await asyncio.sleep(1)
        assert house.services.centres.desk("1").state is AgentState.ON_CALL
        assert house.services.centres.desk("2").state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story, screen_pop=["show", "{caller}"])
    assert (record["result"], record["agent"]) == ("transferred", "1")
    assert (anne.letters, hugo.letters) == ("APHXT", "APHT")
    pending = hugo.events[1]
    assert (pending.facts.cli, pending.facts.caller, pending.centre) == ("0143670903", "+33143670903", "support")
    assert (pending.variables["client"], pending.variables["CLI"]) == ("4711", "0143670903")
    assert "pin" not in pending.variables
    assert anne.states == ["available", "connecting", "on_call", "available"]
    assert hugo.events[2].reason == "Anne has accepted"
    assert (anne.events[3].command, hugo.last.reason) == (["show", "{caller}"], "taken by Anne")


def test_nobody_logged_in_is_a_closed_centre(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story)
    assert record["path"][0]["outcome"] == "nobody"


def test_the_next_who_asked_is_tried_when_the_first_cannot_be_connected(tmp_path: Path) -> None:
    anne, hugo = Desktop(pending=later(2, AgentSession.accept)), Desktop(pending=later(2.1, AgentSession.accept))
    lea = Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = lambda party: asyncio.get_running_loop().call_later(1, busy, party)
        for desktop, code in ((anne, "1"), (hugo, "2"), (lea, "3")):
            await desktop.log_in(sessions, code)
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story)
    assert record["agent"] == "2"
    assert lea.letters == "APHSHT"
    assert "Anne" in lea.events[3].reason


def test_when_nobody_else_asked_the_call_is_offered_to_all_again(tmp_path: Path) -> None:
    anne = Desktop(pending=later(1, AgentSession.accept))
    hugo = Desktop(show=later(4, AgentSession.accept))

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:1@x"] = busy
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story)
    assert record["agent"] == "2"
    assert (anne.letters, hugo.letters) == ("APHSHT", "APHSHT")


def test_a_sequential_search_asks_one_after_another(tmp_path: Path) -> None:
    anne, hugo = Desktop(asked=later(1, AgentSession.reject)), Desktop()
    lea = Desktop(asked=later(1, AgentSession.accept))

    async def story(house: House, sessions: Sessions) -> None:
        for desktop, code in ((anne, "1"), (hugo, "2"), (lea, "3")):
            await desktop.log_in(sessions, code)
        house.driver.call("32", "1")
        await asyncio.sleep(0.5)
        assert [d.letters for d in (anne, hugo, lea)] == ["A?", "A", "A"]
        await asyncio.sleep(13)
        assert house.services.centres.desk("2").state is AgentState.NOT_RESPONDING

    (record,) = play(tmp_path, story, method="sequential", answer_delay="10s")
    assert (record["agent"], record["duration"]) == ("3", pytest.approx(1 + 10 + 1 + 1 + 5, abs=0.1))
    assert [d.letters for d in (anne, hugo, lea)] == ["A?T", "A?T", "A?HT"]


def test_who_did_not_answer_gets_calls_again_when_they_say_so(tmp_path: Path) -> None:
    anne = Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")
        await asyncio.sleep(20)
        desk = house.services.centres.desk("1")
        assert desk.state is AgentState.NOT_RESPONDING
        anne.session.be_available()
        assert desk.state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story, method="sequential")
    assert record["path"][0]["outcome"] == "timeout"


@pytest.mark.parametrize("end", ["close", "linger", "inactive"])
def test_an_agent_who_goes_while_asked_is_followed_by_the_next_at_once(tmp_path: Path, end: str) -> None:
    anne, hugo = Desktop(), Desktop(asked=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        house.driver.call("32", "1")
        await asyncio.sleep(3)
        assert anne.letters == "A?"
        if end == "inactive":
            directory = people()
            agents = [directory.agents[0].model_copy(update={"active": False}), *directory.agents[1:]]
            house.services.centres.apply(directory.model_copy(update={"agents": agents}))
            assert anne.letters == "A?D"
        else:
            anne.session.close(linger=30 if end == "linger" else 0)
        await asyncio.sleep(0.1)
        assert hugo.letters.startswith("A?H")

    (record,) = play(tmp_path, story, method="sequential", answer_delay="30s")
    assert record["agent"] == "2"


def test_a_caller_who_hangs_up_while_an_agent_is_accepting_frees_everybody(tmp_path: Path) -> None:
    anne = Desktop(pending=later(1, AgentSession.accept))

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        party = house.driver.call("32", "1")
        await asyncio.sleep(1.5)
        assert house.services.centres.desk("1").state is AgentState.CONNECTING
        party.hang_up()
        await asyncio.sleep(0.1)
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story)
    assert (record["result"], record["agent"]) == ("caller_hung_up", None)
    assert (anne.letters, anne.last.reason) == ("APHT", "the caller hung up")


def test_who_accepts_as_the_time_ends_is_connected_all_the_same(tmp_path: Path) -> None:
    anne = Desktop(pending=later(59.9, AgentSession.accept))

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story)
    assert record["agent"] == "1"


def test_an_agent_who_wants_no_calls_is_not_shown_any_until_they_do(tmp_path: Path) -> None:
    anne, hugo = Desktop(), Desktop()

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        await hugo.log_in(sessions, "2")
        anne.session.be_unavailable("lunch")
        house.driver.call("32", "1")
        await asyncio.sleep(2)
        assert (anne.letters, hugo.letters) == ("A", "AP")
        assert house.services.centres.desk("1").unavailable == "lunch"
        anne.session.be_available()
        await asyncio.sleep(0.1)
        assert anne.letters == "AP"
        anne.session.accept("nothing")
        assert anne.letters == "APT"
        anne.session.accept(anne.events[1].facts.channel)

    (record,) = play(tmp_path, story)
    assert record["agent"] == "1"


def test_rest_after_a_call_can_be_ended_early(tmp_path: Path) -> None:
    anne = Desktop(pending=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        await anne.log_in(sessions, "1")
        house.driver.call("32", "1")
        await house.settle()
        desk = house.services.centres.desk("1")
        assert desk.state is AgentState.WRAP_UP
        anne.session.be_available()
        assert desk.state is AgentState.AVAILABLE
        house.driver.call("32", "1")
        await house.settle()
        await asyncio.sleep(58)
        assert desk.state is AgentState.WRAP_UP
        await asyncio.sleep(2)
        assert desk.state is AgentState.AVAILABLE

    assert len(play(tmp_path, story, wrap_up="60s")) == 2


def test_a_lost_connection_keeps_what_the_agent_has_said_for_a_while(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        desk = house.services.centres.desk("1")
        for pause, state in ((29, AgentState.UNAVAILABLE), (31, AgentState.AVAILABLE)):
            anne = await Desktop().log_in(sessions, "1", extension="0143670903")
            anne.session.be_unavailable("lunch")
            anne.session.close(linger=sessions.linger)
            assert (desk.state, desk.logged_in) == (AgentState.LOGGED_OUT, True)
            await asyncio.sleep(pause)
            again = await Desktop().log_in(sessions, "1")
            assert desk.state is state
            again.session.close()
        assert (desk.state, desk.logged_in) == (AgentState.LOGGED_OUT, False)

    play(tmp_path, story)


def test_a_second_log_in_takes_over_or_is_refused(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        first, second = await Desktop().log_in(sessions, "1"), await Desktop().log_in(sessions, "1")
        assert (first.letters, second.letters) == ("AD", "A")
        assert not first.session.open
        strict = Sessions(house.services.centres, second_login="refused")
        third = await Desktop().log_in(strict, "1")
        assert (second.letters, third.letters, third.session) == ("A", "D", None)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("code", "password", "extension", "letter"),
    [
        ("9", "secret", "", "U"),
        ("1", "wrong", "", "B"),
        ("1", "", "", "B"),
        ("1", "secret", "sip:elsewhere@x", "D"),
        ("1", "secret", "17", "A"),
        ("1", "secret", "sip:1@x", "A"),
    ],
)
def test_who_may_log_in(tmp_path: Path, code: str, password: str, extension: str, letter: str) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        assert (await Desktop().log_in(sessions, code, password, extension)).letters == letter

    play(tmp_path, story)


def test_calls_of_higher_priority_are_served_first_then_those_that_have_waited(tmp_path: Path) -> None:
    text = SEARCH.replace("timeout: 60s", "timeout: 60s\n    priority: 0")
    anne = Desktop(asked=AgentSession.accept)

    async def story(house: House, sessions: Sessions) -> None:
        important = text.replace("name: search", "name: important").replace('"32"', '"33"').replace("y: 0", "y: 5")
        file = house.root / "flows" / "important.yaml"
        await asyncio.to_thread(file.write_text, important.replace("METHOD", "sequential"))
        await house.store.load()
        await anne.log_in(sessions, "1")
        anne.session.be_unavailable()
        for did, cli in (("32", "first"), ("32", "second"), ("33", "important")):
            house.driver.call(did, cli)
            await asyncio.sleep(1)
        anne.session.be_available()
        await house.settle()
        assert [event.facts.cli for event in anne.events if event.code == "?"] == ["important", "first", "second"]

    play(tmp_path, story, method="sequential", text=text)


@pytest.mark.parametrize(
    ("order", "asked"),
    [("fixed", "111"), ("round_robin", "123"), ("longest_idle", "123"), ("least_calls", "123")],
)
def test_the_order_in_which_agents_are_asked(tmp_path: Path, order: str, asked: str) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        for code in "123":
            await Desktop(asked=AgentSession.accept).log_in(sessions, code)
        for _ in range(3):
            house.driver.call("32", "1")
            await house.settle()

    assert "".join(record["agent"] for record in play(tmp_path, story, method="sequential", order=order)) == asked
