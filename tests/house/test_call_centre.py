"""The call centre that ships does what it promises, on a virtual clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from engine.scenario.check import check
from tools.flowctl.simulator.caller import Step
from tools.flowctl.simulator.people import AgentScript, People
from tools.flowctl.simulator.run import Plan, Simulation, simulate
from tools.flowctl.simulator.world import Number, World

SCENARIO = Path(__file__).parents[2] / "flows/call_centre/scenario.yaml"
WEEKDAY = "2027-07-13T10:00"
IGNORED = AgentScript("201", "ignore")
OPEN = ["welcome", "opening", "find_agent"]
CLOSED = ["welcome", "opening", "closed_message"]


@pytest.fixture(scope="module")
def call():
    compiled = check(SCENARIO).compiled
    assert compiled is not None

    def call(
        at: str, people: People | None = None, caller: list[Step] | None = None, world: World | None = None
    ) -> Simulation:
        plan = Plan(at=datetime.fromisoformat(at), people=people or {}, steps=caller or [], world=world or World())
        return simulate(compiled, plan)

    return call


def path(simulation: Simulation) -> list[str]:
    return [step.node for step in simulation.record.path]


def presses(keys: str) -> list[Step]:
    return [Step("presses", text=key) for key in keys]


def test_it_has_no_finding():
    assert check(SCENARIO).diagnostics == []


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ("2027-07-12T08:00", "open"),
        ("2027-07-12T07:59:50", "closed"),
        ("2027-07-12T19:59:50", "open"),
        ("2027-07-12T20:00", "closed"),
        ("2027-07-12T03:00", "closed"),
        ("2027-07-17T10:00", "closed"),
        ("2027-07-18T10:00", "closed"),
        ("2027-07-14T10:00", "holiday"),
        ("2027-05-06T10:00", "holiday"),
        ("2028-01-01T10:00", "holiday"),
    ],
)
def test_it_is_open_from_monday_to_friday_except_on_holidays(call, at: str, outcome: str):
    opening = call(at).record.path[1]
    assert (opening.node, opening.outcome) == ("opening", outcome)


def test_an_agent_takes_the_call(call):
    simulation = call(WEEKDAY, {"support": [[AgentScript("201", "accept", 4.0)]]})
    assert path(simulation) == OPEN
    assert (simulation.record.result, simulation.record.agent) == ("transferred", "201")


def test_without_agents_the_centre_is_closed(call):
    assert path(call(WEEKDAY, {"support": ["nobody"]}))[:4] == [*OPEN, "closed_message"]


@pytest.mark.parametrize(
    ("key", "node"), [("1", "find_agent"), ("2", "switchboard"), ("3", "other_centre"), ("4", "message")]
)
def test_when_nobody_answers_the_caller_chooses(call, key: str, node: str):
    simulation = call(WEEKDAY, {"support": [[IGNORED]], "sales": [[AgentScript("202")]]}, presses(key))
    assert path(simulation)[:5] == [*OPEN, "sorry", node]
    assert simulation.record.path[2].outcome == "timeout"


def test_a_failed_choice_leads_back_to_the_menu(call):
    assert path(call(WEEKDAY, {"support": [[IGNORED]], "sales": ["nobody"]}, presses("3")))[4:6] == [
        "other_centre",
        "sorry",
    ]
    busy = World(numbers={"sip:operator@127.0.0.1:5092": Number("busy")})
    assert path(call(WEEKDAY, {"support": [[IGNORED]]}, presses("2"), busy))[4:6] == ["switchboard", "sorry"]


def test_on_bastille_day_the_caller_leaves_a_message(call):
    steps = [Step("hears", "closed.wav"), Step("presses", "1"), Step("speaks", seconds=6), Step("hangs_up")]
    simulation = call("2027-07-14T10:00", caller=steps)
    assert path(simulation) == [*CLOSED, "message"]
    assert simulation.record.result == "caller_hung_up"
    (message,) = simulation.record.recordings
    assert message["duration"] == pytest.approx(6, abs=0.1)


def test_a_silent_caller_is_let_go(call):
    simulation = call("2027-07-17T10:00")
    assert path(simulation) == [*CLOSED, "goodbye"]
    assert simulation.record.result == "ended"
