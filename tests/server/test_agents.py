"""Agents, callers and lines that do something at the worst moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.house import House, in_house

from drivers.virtual import Party
from engine.centres.centres import Centres
from engine.centres.directory import Agent, Centre, Directory
from engine.lines import Cause, Hangup

PEOPLE = Directory(
    agents=[Agent(code="1", phone="sip:1@x"), Agent(code="2", phone="sip:2@x")],
    centres=[Centre(name="support", agents=["1", "2"])],
)

SEARCH = """
format: 1
name: search
voice: en
did: ["32"]
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: METHOD
    timeout: 20s
    exit_keys: ["9"]
    on: {transferred: end, nobody: end, timeout: end, key: waiting}
  waiting: {type: wait, duration: 3s, next: end}
"""

BRIDGE = """
format: 1
name: bridge
voice: en
did: ["33"]
start: connect
nodes:
  connect:
    type: bridge
    to: "sip:1@x"
    record: true
    on: {ended: after, busy: end, no_answer: end, rejected: end, failed: after}
  after: {type: wait, duration: 2s, next: end}
"""


def answers(delay: float, talks: float | None = None):
    """A phone that answers after `delay` and, if told so, hangs up `talks` seconds later."""

    def ring(party: Party) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(delay, party.leg.accept)
        if talks is not None:
            loop.call_later(delay + talks, party.hang_up)

    return ring


def free(house: House) -> list[str]:
    return [agent.code for agent in house.services.centres.available("support")]


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
@pytest.mark.parametrize("gap", [-2e-6, -1e-6, 0.0, 1e-6, 2e-6, 0.001])
@pytest.mark.parametrize("before", ["", "9"])
def test_a_caller_who_leaves_as_an_agent_answers_takes_nobody_with_them(
    tmp_path: Path, method: str, gap: float, before: str
) -> None:
    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(2), "sip:2@x": answers(2)}
        for _ in range(3):
            party = house.driver.call("32", "1")
            loop = asyncio.get_running_loop()
            loop.call_later(2 + gap, party.press, before)
            loop.call_later(2 + gap + (1e-6 if before else 0), party.hang_up)
            await house.settle()
            assert free(house) == ["1", "2"]
            assert house.driver.usage() == {"legs": 0}

    records = in_house(tmp_path, {"s.yaml": SEARCH.replace("METHOD", method)}, story, PEOPLE).records()
    assert len(records) == 3


def test_two_agents_who_answer_at_once_are_one_taker_and_one_free_agent(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(2), "sip:2@x": answers(2)}
        party = house.driver.call("32", "1")
        await asyncio.sleep(5)
        assert house.driver.usage() == {"legs": 2}
        assert len(free(house)) == 1
        party.hang_up()
        await house.settle()
        assert free(house) == ["1", "2"]

    (record,) = in_house(tmp_path, {"s.yaml": SEARCH.replace("METHOD", "broadcast")}, story, PEOPLE).records()
    assert record["result"] == "transferred"


@pytest.mark.parametrize("method", ["broadcast", "sequential"])
def test_an_agent_who_hangs_up_before_the_connection_is_followed_by_the_next(tmp_path: Path, method: str) -> None:
    text = SEARCH.replace("METHOD", method).replace("timeout: 20s", 'timeout: 20s\n    whisper: [{say: "a call"}]')

    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(1, talks=0.2), "sip:2@x": answers(3, talks=5)}
        house.driver.call("32", "1")
        await house.settle()

    (record,) = in_house(tmp_path, {"s.yaml": text}, story, PEOPLE).records()
    assert (record["result"], record["agent"]) == ("transferred", "2")


def test_a_called_party_who_is_gone_at_once_does_not_end_the_callers_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(1, talks=0)}
        house.driver.call("33", "1")
        await house.settle()

    (record,) = in_house(tmp_path, {"b.yaml": BRIDGE}, story).records()
    assert [step["node"] for step in record["path"]] == ["connect", "after"]
    assert record["result"] == "ended"


def test_a_recording_that_fails_as_the_caller_leaves_does_not_revive_the_call(tmp_path: Path) -> None:
    text = """
format: 1
name: message
voice: en
did: ["34"]
start: message
nodes:
  message: {type: voicemail, mailbox: box, beep: false, on: {recorded: end, empty: end, error: lost}}
  lost: {type: wait, duration: 60s, next: end}
"""

    async def story(house: House) -> None:
        party = house.driver.call("34", "1")
        await asyncio.sleep(1)
        await asyncio.to_thread((house.root / "recordings" / "box").rmdir)
        party.hang_up()
        await house.settle()

    (record,) = in_house(tmp_path, {"m.yaml": text}, story).records()
    assert [step["node"] for step in record["path"]] == ["message"]
    assert (record["result"], record["duration"]) == ("caller_hung_up", pytest.approx(1, abs=0.01))
    assert "message was lost" in record["warnings"][0]


def test_a_line_that_fails_is_not_a_caller_who_hangs_up(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        party = house.driver.call("33", "1")
        house.driver.phones = {}
        await asyncio.sleep(1)
        party.leg.end(Hangup("local", Cause.FAILED, "the media worker died"))
        await house.settle()

    (record,) = in_house(tmp_path, {"b.yaml": BRIDGE}, story).records()
    assert (record["result"], record["reason"]) == ("failed", "the line failed: the media worker died")


def test_an_agent_released_while_the_search_looks_around_is_rung(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(0.5, talks=3), "sip:2@x": lambda party: party.hang_up(Cause.BUSY)}
        first = house.driver.call("32", "first")
        await asyncio.sleep(1)
        house.driver.call("32", "second")
        await asyncio.sleep(0.5)
        first.hang_up()
        await house.settle()

    records: dict[str, Any] = {
        r["cli"]: r
        for r in in_house(tmp_path, {"s.yaml": SEARCH.replace("METHOD", "broadcast")}, story, PEOPLE).records()
    }
    assert records["second"]["agent"] == "1"
    assert records["second"]["duration"] < 6


async def test_a_release_between_looking_and_waiting_is_not_missed() -> None:
    centres = Centres(PEOPLE)
    one = centres.desk("1")
    assert one is not None
    assert await centres.reserve(one)
    assert not await centres.reserve(one)
    changed = centres.changed
    assert one not in centres.available("support")
    await centres.release(one)
    await asyncio.wait_for(changed.wait(), 1)
    assert one in centres.available("support")


def test_wrap_up_keeps_an_agent_from_the_next_call(tmp_path: Path) -> None:
    people = Directory(
        agents=[Agent(code="1", phone="sip:1@x")],
        centres=[Centre.model_validate({"name": "support", "agents": ["1"], "wrap_up": "10s"})],
    )

    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(1, talks=2)}
        house.driver.call("32", "1")
        await house.settle()
        assert free(house) == []
        await asyncio.sleep(10)
        assert free(house) == ["1"]

    in_house(tmp_path, {"s.yaml": SEARCH.replace("METHOD", "broadcast")}, story, people)


def test_a_conversation_that_cannot_be_recorded_takes_place_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")

    async def story(house: House) -> None:
        house.driver.phones = {"sip:1@x": answers(1, talks=4)}
        house.driver.call("33", "1")
        await house.settle()

    (record,) = in_house(tmp_path, {"b.yaml": BRIDGE}, story).records()
    assert [(step["node"], step["outcome"]) for step in record["path"]] == [("connect", "ended"), ("after", "next")]
    assert record["duration"] == pytest.approx(7, abs=0.1)
    assert "not recorded" in record["warnings"][0]
