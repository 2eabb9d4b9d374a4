"""Handing a caller over: what the goldens of transfer and switchboard do not reach."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from support.house import House, in_house
from support.scenarios import compiled, scenario

from drivers.virtual import Party
from engine.centres.directory import Directory
from engine.errors import Unsupported
from engine.lines import Capability, Cause
from tools.flowctl.simulator.people import AgentScript
from tools.flowctl.simulator.run import Plan, Simulation, simulate
from tools.flowctl.simulator.world import World

AT = datetime(2027, 7, 13, 10)  # noqa: DTZ001 - in the scenario's zone


def search(connect: str, people: dict[str, list[AgentScript]]) -> Simulation:
    text = scenario(
        f"""
        a:
          type: agent_search
          centre: support
          method: sequential
          timeout: 30s
          connect: {connect}
          on: {{transferred: end, nobody: end, timeout: end, error: b}}
        b: {{type: hangup}}
        """,
        top="did: ['32']\nvoice: en",
    )
    return simulate(compiled(text), Plan(at=AT, people={name: [staff] for name, staff in people.items()}))


def test_a_search_may_let_the_line_connect_the_two():
    simulation = search("transfer", {"support": [AgentScript("201", "accept", 3.0)]})
    record = simulation.record
    # It rings twice: once for the agent to take the call, once for the line.
    assert (record.result, record.agent, record.duration) == ("transferred", "201", 6.0)
    assert [step.outcome for step in record.path] == ["transferred"]


TRANSFER = scenario(
    """
    a: {type: transfer, to: "sip:away", on: {transferred: end, busy: b, no_answer: b, failed: b}}
    b: {type: hangup}
    """,
    top="did: ['32']",
)


def _call(root: Path, phone: object, **plan: object) -> tuple[House, Party]:
    parties: list[Party] = []

    async def story(house: House) -> None:
        for name, value in plan.items():
            setattr(house.driver, name, value)
        house.driver.phones["sip:away"] = phone  # type: ignore[assignment] # what a phone does is the test's business
        parties.append(house.driver.call("32"))
        await house.settle()

    return in_house(root, {"a.yaml": TRANSFER}, story, Directory()), parties[0]


def accepts(party: Party) -> None:
    asyncio.get_running_loop().call_later(1, party.leg.accept)


def test_a_line_that_cannot_transfer_bridges(tmp_path: Path):
    def answers(party: Party) -> None:
        party.leg.accept()
        asyncio.get_running_loop().call_later(5, party.hang_up)

    house, _ = _call(tmp_path, answers, capabilities=frozenset(Capability) - {Capability.TRANSFER})
    (record,) = house.records()
    assert (record["result"], record["transferred_to"], record["duration"]) == ("transferred", "sip:away", 5.0)
    assert house.driver.usage() == {"legs": 0}


def test_a_far_end_that_cannot_be_transferred_is_bridged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The line can, but the caller's side of it cannot."""

    async def refuses(*_: object) -> None:
        raise Unsupported("the far end does not transfer calls (405 Method Not Allowed)")

    def answers(party: Party) -> None:
        party.leg.accept()
        asyncio.get_running_loop().call_later(5, party.hang_up)

    monkeypatch.setattr("drivers.virtual.leg.VirtualLeg.transfer", refuses)
    house, _ = _call(tmp_path, answers)
    (record,) = house.records()
    assert (record["result"], record["transferred_to"], record["duration"]) == ("transferred", "sip:away", 5.0)


def test_a_called_party_who_is_gone_at_once_is_a_failure(tmp_path: Path):
    def vanishes(party: Party) -> None:
        party.leg.accept()
        party.hang_up()

    house, _ = _call(tmp_path, vanishes, capabilities=frozenset(Capability) - {Capability.TRANSFER})
    (record,) = house.records()
    assert [step["outcome"] for step in record["path"]] == ["failed", None]
    assert (record["result"], record["transferred_to"]) == ("ended", None)


@pytest.mark.parametrize(
    ("cause", "outcome"), [(Cause.BUSY, "busy"), (Cause.NO_ANSWER, "no_answer"), (Cause.REJECTED, "failed")]
)
def test_a_transfer_that_does_not_take_place_leaves_the_caller_with_us(tmp_path: Path, cause: Cause, outcome: str):
    def refuses(party: Party) -> None:
        asyncio.get_running_loop().call_later(1, party.hang_up, cause)

    house, _ = _call(tmp_path, refuses)
    (record,) = house.records()
    assert [step["outcome"] for step in record["path"]] == [outcome, None]
    assert record["result"] == "ended"


def test_the_record_says_where_the_caller_went(tmp_path: Path):
    house, party = _call(tmp_path, accepts)
    (record,) = house.records()
    assert (record["result"], record["transferred_to"]) == ("transferred", "sip:away")
    assert not party.leg.alive


def test_the_contact_of_the_caller_is_seen_by_expressions():
    text = scenario(
        "a: {type: set, values: {who: contact.strLastName, where: contact.strCompany}, next: end}", top="did: ['32']"
    )
    known = simulate(compiled(text), Plan(at=AT, world=World(contact={"strLastName": "Martin"})))
    assert known.variables == {"who": "Martin", "where": ""}
    assert simulate(compiled(text), Plan(at=AT)).variables == {"who": "", "where": ""}
