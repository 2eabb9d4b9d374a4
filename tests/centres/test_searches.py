"""What a search can be told, with agents who are logged in and others who have only a telephone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.callcentre import SEARCH, later, people, phone, play
from support.desktop import Desktop
from support.house import House

from drivers.virtual import Party
from engine.centres.desk import AgentState
from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions


def search(*lines: str, name: str = "search", did: str = "32", centre: str = "support") -> str:
    """A scenario with more settings of its search."""
    text = SEARCH.replace("timeout: 60s", "\n    ".join(("timeout: 60s", *lines)))
    return text.replace("name: search", f"name: {name}").replace('"32"', f'"{did}"').replace("support", centre)


def four(substitutes: dict[str, Any], *, members: str = "1", telephone_only: str = "") -> Directory:
    """Agents 1 to 4; those of `members` are in the centre, 3 and 4 in `others` too."""
    agents = [
        {
            "code": code,
            "first_name": f"Agent{code}",
            "phone": f"sip:{code}@x",
            "login": "none" if code in telephone_only else "required",
            "substitute": substitutes.get(code),
        }
        for code in "1234"
    ]
    centres = [{"name": "support", "agents": list(members)}, {"name": "others", "agents": ["3", "4"]}]
    return Directory.model_validate({"agents": agents, "centres": centres})


async def add(house: House, text: str, method: str) -> None:
    """One more scenario."""
    await asyncio.to_thread((house.root / "flows" / "more.yaml").write_text, text.replace("METHOD", method))
    await house.store.load()


async def log_in(sessions: Sessions, codes: str, **reacts: Any) -> dict[str, Desktop]:
    desktops = {code: Desktop(**reacts) for code in codes}
    for code, desktop in desktops.items():
        desktop.session = await sessions.open(code, None, "", desktop.receive)
    return desktops


ACCEPTS = {"pending": later(0.1, AgentSession.accept), "asked": later(0.1, AgentSession.accept)}


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize(
    ("substitutes", "logged_in", "taker"),
    [
        ({"1": "2"}, "2", "2"),
        ({"1": "2", "2": "3"}, "3", "3"),
        ({"1": "2", "2": "1"}, "2", "2"),
        ({"1": {"centre": "others"}}, "4", "4"),
        ({"1": {"centre": "others"}, "3": "2"}, "2", "2"),
        ({"1": {"centre": "support"}}, "2", None),
        ({"1": "2", "2": "1"}, "3", None),
    ],
)
def test_who_stands_in_for_an_agent_who_is_not_there(
    tmp_path: Path, method: str, substitutes: dict[str, Any], logged_in: str, taker: str | None
) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        await log_in(sessions, logged_in, **ACCEPTS)
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story, method=method, directory=four(substitutes))
    assert record["agent"] == taker
    assert record["path"][0]["outcome"] == ("transferred" if taker else "nobody")


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize("busy_with", ["call", "disturb"])
def test_who_stands_in_for_an_agent_who_is_busy(tmp_path: Path, method: str, busy_with: str) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        one = await log_in(sessions, "1", **ACCEPTS)
        if busy_with == "call":
            house.driver.call("32", "first")
            await asyncio.sleep(2)
        else:
            one["1"].session.be_unavailable()
        await log_in(sessions, "2", **ACCEPTS)
        house.driver.call("32", "second")

    records = {r["cli"]: r for r in play(tmp_path, story, method=method, directory=four({"1": "2"}))}
    assert records["second"]["agent"] == "2"


def test_a_substitute_sees_the_calls_as_soon_as_the_agent_is_busy(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        one, two = (await log_in(sessions, "12")).values()
        first, second = house.driver.call("32", "first"), house.driver.call("32", "second")
        await asyncio.sleep(1)
        assert (one.letters, two.letters) == ("APP", "A")
        one.session.accept(first.leg.info.id)
        await asyncio.sleep(0.1)
        assert [event.facts.cli for event in two.events[1:]] == ["second"]
        two.session.accept(second.leg.info.id)

    records = {r["cli"]: r for r in play(tmp_path, story, directory=four({"1": "2"}))}
    assert (records["first"]["agent"], records["second"]["agent"]) == ("1", "2")


def test_the_queue_is_full_for_one_centre_and_not_for_another(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        await add(house, search("max_waiting: 2", name="more", did="33", centre="others"), "broadcast")
        await log_in(sessions, "13")
        waiting = [house.driver.call("32", f"{number}") for number in range(3)]
        await asyncio.sleep(1)
        assert [party.leg.alive for party in waiting] == [True, True, False]
        other = house.driver.call("33", "other")
        await asyncio.sleep(1)
        assert other.leg.alive
        waiting[0].hang_up()
        await asyncio.sleep(1)
        waiting.append(house.driver.call("32", "late"))
        await asyncio.sleep(1)
        assert waiting[3].leg.alive

    records = play(tmp_path, story, text=search("max_waiting: 2"), directory=four({}))
    assert [r["cli"] for r in records if r["path"][0]["outcome"] == "full"] == ["2"]


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize("after", [0.5, 1.0, 1.0 - 1e-6, 1.0 + 1e-6])
def test_an_exit_key_while_the_agents_phone_rings(tmp_path: Path, method: str, after: float) -> None:
    """Either has the caller; the agent is free again, and knows why."""
    desktops: dict[str, Desktop] = {}

    async def story(house: House, sessions: Sessions) -> None:
        desktops.update(await log_in(sessions, "1", pending=AgentSession.accept, asked=AgentSession.accept))
        party = house.driver.call("32", "1")
        asyncio.get_running_loop().call_later(after, party.press, "9")
        await house.settle()
        assert house.services.centres.desk("1").state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story, method=method, text=search('exit_keys: ["9"]'), directory=four({}))
    outcome = record["path"][0]["outcome"]
    told = {"key": "the caller chose something else", "transferred": "taken by Agent1"}
    assert desktops["1"].last.reason == told[outcome]
    assert outcome == "key" or after >= 1


def test_the_position_that_is_said_counts_priority(tmp_path: Path) -> None:
    lines = "announce: {position: true, every: 10s}", "music: [{silence: 1s}]"
    heard: dict[str, list[str]] = {}

    async def story(house: House, sessions: Sessions) -> None:
        await add(house, search(*lines, "priority: 5", name="more", did="33"), "broadcast")
        await log_in(sessions, "1")
        parties = {
            cli: house.driver.call(did, cli) for cli, did in (("first", "32"), ("second", "32"), ("vip", "33"))
        }
        await asyncio.sleep(15)
        for cli, party in parties.items():
            heard[cli] = [one.clip.label for one in party.heard if "number" in one.clip.label]
            party.hang_up()

    play(tmp_path, story, text=search(*lines), directory=four({}))
    assert {cli: said[0][-15:] for cli, said in heard.items()} == {
        "vip": "1 in the queue.",
        "first": "2 in the queue.",
        "second": "3 in the queue.",
    }


def test_only_agents_with_a_sip_address_are_called_if_so_wanted(tmp_path: Path) -> None:
    directory = four({}, members="12")
    agents = [directory.agents[0].model_copy(update={"phone": "0143670903"}), *directory.agents[1:]]
    desktops: dict[str, Desktop] = {}

    async def story(house: House, sessions: Sessions) -> None:
        desktops.update(await log_in(sessions, "12", pending=AgentSession.accept))
        house.driver.call("32", "1")

    directory = directory.model_copy(update={"agents": agents})
    (record,) = play(tmp_path, story, text=search("sip_only: true"), directory=directory)
    assert (record["agent"], desktops["1"].letters) == ("2", "A")


def test_the_whisper_is_for_the_agent_alone(tmp_path: Path) -> None:
    phones: list[Party] = []

    async def story(house: House, sessions: Sessions) -> None:
        def ring(party: Party) -> None:
            phones.append(party)
            phone(1, talks=10)(party)

        house.driver.phones["sip:1@x"] = ring
        await log_in(sessions, "1", **ACCEPTS)
        caller = house.driver.call("32", "1")
        await house.settle()
        assert not any("a call" in one.clip.label for one in caller.heard)

    play(tmp_path, story, text=search('whisper: [{say: "a call"}]'), directory=four({}))
    assert [one.clip.label for one in phones[0].heard] == ["say: a call"]


@pytest.mark.parametrize(("broadcast_first", "taken"), [(True, "32"), (False, "33")])
def test_two_scenarios_search_one_centre_by_two_methods(tmp_path: Path, broadcast_first: bool, taken: str) -> None:
    """Who is logged in chooses; when they ask for nothing, the sequential search asks them."""
    desktops: dict[str, Desktop] = {}

    async def story(house: House, sessions: Sessions) -> None:
        await add(house, search(name="more", did="33"), "sequential")
        reacts = {"pending": AgentSession.accept} if broadcast_first else {"asked": AgentSession.accept}
        desktops.update(await log_in(sessions, "1", **reacts))
        parties = [house.driver.call(did, did) for did in ("32", "33")]
        await asyncio.sleep(3)
        desk = house.services.centres.desk("1")
        assert (desk.state, desk.claim.call) == (AgentState.ON_CALL, parties[taken == "33"].leg.info.id)
        for party in parties:
            party.hang_up()

    play(tmp_path, story, directory=four({}))


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
def test_logged_in_agents_and_telephones_of_one_centre(tmp_path: Path, method: str) -> None:
    """All at once: the telephone rings, and who is logged in is shown the call. One after another: each in their
    way."""
    one = Desktop(asked=AgentSession.reject)

    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:2@x"] = phone(4)
        one.session = await sessions.open("1", None, "", one.receive)
        house.driver.call("32", "1")
        await asyncio.sleep(1)
        assert house.services.centres.desk("2").state is AgentState.OFFERED
        await asyncio.sleep(4)
        assert house.services.centres.desk("2").state is AgentState.ON_CALL

    directory = four({}, members="12", telephone_only="2")
    (record,) = play(tmp_path, story, method=method, directory=directory)
    assert (record["agent"], one.letters) == ("2", "APHT" if method == "broadcast" else "A?T")


def test_a_telephone_that_rings_stops_when_another_agent_accepts(tmp_path: Path) -> None:
    async def story(house: House, sessions: Sessions) -> None:
        house.driver.phones["sip:2@x"] = phone(20)
        await log_in(sessions, "1", pending=later(2, AgentSession.accept))
        house.driver.call("32", "1")
        await asyncio.sleep(2.1)
        assert house.services.centres.desk("2").state is AgentState.AVAILABLE

    (record,) = play(tmp_path, story, directory=four({}, members="12", telephone_only="2"))
    assert record["agent"] == "1"


def test_an_agent_of_several_centres_has_one_call_and_is_shown_those_of_all(tmp_path: Path) -> None:
    desktops: dict[str, Desktop] = {}

    async def story(house: House, sessions: Sessions) -> None:
        await add(house, search(name="more", did="33", centre="others"), "broadcast")
        desktops.update(await log_in(sessions, "34"))
        parties = [house.driver.call(did, did) for did in ("32", "33")]
        await asyncio.sleep(1)
        assert [(e.facts.cli, e.centre) for e in desktops["3"].events[1:]] == [("32", "support"), ("33", "others")]
        for party in parties:
            desktops["3"].session.accept(party.leg.info.id)
        await asyncio.sleep(2)
        held = [desk.claim.call for desk in house.services.centres.desks if desk.claim is not None]
        assert len(held) == 1
        desktops["4"].session.accept(next(p.leg.info.id for p in parties if p.leg.info.id not in held))

    records = {r["cli"]: r for r in play(tmp_path, story, directory=four({}, members="3"))}
    assert (records["32"]["agent"], records["33"]["agent"]) == ("3", "4")


def test_the_third_who_asked_is_tried_and_a_refusal_is_no_answer(tmp_path: Path) -> None:
    """Two phones fail, one after another, in the order in which the agents asked."""
    asks = {"1": 1.2, "2": 1.0, "3": 1.1}
    desktops = {code: Desktop(pending=later(after, AgentSession.accept)) for code, after in asks.items()}

    async def story(house: House, sessions: Sessions) -> None:
        for code in "23":
            house.driver.phones[f"sip:{code}@x"] = lambda party: asyncio.get_running_loop().call_later(
                0.5, party.hang_up
            )
        for code, desktop in desktops.items():
            await desktop.log_in(sessions, code)
        house.driver.call("32", "1")

    (record,) = play(tmp_path, story, directory=people())
    assert record["agent"] == "1"
    assert [desktop.letters for desktop in desktops.values()] == ["APHSHSHT"] * 3
    failed = [event.reason for event in desktops["1"].events if event.code == "S"]
    assert ["Hugo" in failed[0], "Léa" in failed[1]] == [True, True]
