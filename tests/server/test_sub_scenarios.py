"""Scenarios that call one another, on a running server: failures, limits, reloads and masked values."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from support.house import House, in_house
from support.scenarios import compiled, scenario

from engine.call.session import Session
from engine.call.sub import MAX_DEPTH
from engine.scenario.compile import CompiledScenario


def outer(on: str = "{done: end}", *, top: str = "", inputs: str = "{}", more: str = "") -> str:
    nodes = f"a: {{type: scenario, name: sub, inputs: {inputs}, on: {on}}}\n{more}"
    return scenario(nodes, top=f'did: ["32"]\n{top}')


def inner(nodes: str, *, top: str = "") -> str:
    return scenario(nodes, top=f'did: ["33"]\n{top}').replace("name: test", "name: sub")


def call_of(root: Path, scenarios: dict[str, str], seconds: float = 0.0) -> dict[str, Any]:
    """The record of one call to 32, whose caller hangs up after so many seconds, if any."""

    async def story(house: House) -> None:
        party = house.driver.call("32", "1")
        if seconds:
            await asyncio.sleep(seconds)
            party.hang_up()
        await house.settle()

    house = in_house(root, scenarios, story)
    (record,) = house.records()
    assert house.driver.usage() == {"legs": 0}
    return record


def path(record: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(step["node"], step["outcome"]) for step in record["path"]]


FAILING = "a: {type: set, values: {n: \"int('x' + call.cli)\"}, next: b}\nb: {type: return, outcome: done}"
VARIABLE = "variables: {n: {type: integer, default: 0}}\n"


def test_the_sub_scenarios_own_error_branch_comes_first(tmp_path: Path) -> None:
    sub = inner(FAILING.replace("next: b}", "on: {next: b, error: b}}"), top=VARIABLE + "on_error: b")
    record = call_of(tmp_path, {"a.yaml": outer(), "b.yaml": sub})
    assert path(record) == [("a", "done"), ("a/a", "error"), ("a/b", "done")]


def test_then_its_own_on_error(tmp_path: Path) -> None:
    record = call_of(tmp_path, {"a.yaml": outer(), "b.yaml": inner(FAILING, top=VARIABLE + "on_error: b")})
    assert path(record) == [("a", "done"), ("a/a", "error"), ("a/b", "done")]
    assert record["result"] == "ended"


RESCUE = "r: {type: wait, duration: 1s, next: end}\n"


def test_then_the_error_branch_of_the_node_that_called(tmp_path: Path) -> None:
    text = outer("{done: end, error: r}", more=RESCUE)
    record = call_of(tmp_path, {"a.yaml": text, "b.yaml": inner(FAILING, top=VARIABLE)})
    assert path(record) == [("a", "error"), ("a/a", "error"), ("r", "next")]
    assert "node a/a: " in record["warnings"][0]


def test_then_the_callers_on_error(tmp_path: Path) -> None:
    text = outer(top="on_error: r", more=RESCUE)
    record = call_of(tmp_path, {"a.yaml": text, "b.yaml": inner(FAILING, top=VARIABLE)})
    assert path(record) == [("a", "error"), ("a/a", "error"), ("r", "next")]
    assert record["result"] == "ended"


def test_a_masked_value_is_masked_in_what_goes_wrong_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    top = 'variables: {code: {masked: true, default: "471147"}}'
    text = outer("{done: end, error: r}", top=top, inputs="{given: code}", more=RESCUE)
    ways = "{ended: b, failed: c, busy: b, no_answer: b, rejected: b}"
    sub = f"a: {{type: bridge, to: 'sip:${{given}}@nowhere', on: {ways}}}\n"
    sub += "b: {type: return, outcome: done}\nc: {type: set, values: {n: \"int(given + 'x')\"}, next: b}"
    sub = inner(sub, top="variables: {given: {type: string}, n: {type: integer, default: 0}}")
    record = call_of(tmp_path, {"a.yaml": text, "b.yaml": sub})
    assert path(record) == [("a", "error"), ("a/a", "failed"), ("a/c", "error"), ("r", "next")]
    assert "471147" not in str(record) + caplog.text
    assert "sip:xxxxxx@nowhere" in caplog.text


WAITING = "a: {type: wait, duration: 1m, next: b}\nb: {type: return, outcome: done}"


def test_the_longest_duration_of_both_holds(tmp_path: Path) -> None:
    for number, (ours, theirs, expected) in enumerate([(20, 40, 20.0), (40, 20, 20.0)]):
        root = tmp_path / str(number)
        root.mkdir()
        scenarios = {
            "a.yaml": outer(top=f"max_duration: {ours}s"),
            "b.yaml": inner(WAITING, top=f"max_duration: {theirs}s"),
        }
        record = call_of(root, scenarios)
        assert (record["duration"], record["result"], record["reason"]) == (expected, "ended", "max_duration reached")


def test_a_hang_up_inside_ends_both(tmp_path: Path) -> None:
    record = call_of(tmp_path, {"a.yaml": outer(), "b.yaml": inner(WAITING)}, seconds=5)
    assert path(record) == [("a", None), ("a/a", None)]
    assert (record["result"], record["duration"]) == ("caller_hung_up", 5.0)


def test_a_call_keeps_the_scenarios_with_which_it_began(tmp_path: Path) -> None:
    text = outer(
        "{done: b}", more="b: {type: wait, duration: 10s, next: c}\nc: {type: scenario, name: sub, on: {done: end}}"
    )
    before = inner("a: {type: wait, duration: 1s, next: b}\nb: {type: return, outcome: done}")
    after = inner("x: {type: wait, duration: 2s, next: y}\ny: {type: return, outcome: done}", top="").replace(
        "start: a", "start: x"
    )

    async def story(house: House) -> None:
        house.driver.call("32", "first")
        await asyncio.sleep(5)
        await asyncio.to_thread((house.root / "flows" / "b.yaml").write_text, after)
        await house.store.load()
        house.driver.call("32", "second")
        await house.settle()

    house = in_house(tmp_path, {"a.yaml": text, "b.yaml": before}, story)
    paths = {record["cli"]: [step["node"] for step in record["path"]] for record in house.records()}
    assert paths["first"] == ["a", "a/a", "a/b", "b", "c", "c/a", "c/b"]
    assert paths["second"] == ["a", "a/x", "a/y", "b", "c", "c/x", "c/y"]


def circle(root: Path, name: str, other: str) -> CompiledScenario:
    """A scenario that calls another; what it finds there, beside its file, returns at once."""
    root.mkdir()
    stub = scenario("b: {type: return, outcome: done}", start="b").replace("name: test", f"name: {other}")
    (root / "stub.yaml").write_text(stub.replace('["32"]', '["99"]'))
    nodes = f"a: {{type: scenario, name: {other}, on: {{done: b}}}}\nb: {{type: return, outcome: done}}"
    text = scenario(nodes).replace("name: test", f"name: {name}")
    (root / f"{name}.yaml").write_text(text)
    return compiled(text, root / f"{name}.yaml")


def test_scenarios_that_call_one_another_in_circles_are_stopped(tmp_path: Path) -> None:
    """The check refuses them; but a folder may change while a call is on its way."""
    catalogue = {name: circle(tmp_path / name, name, other) for name, other in [("one", "two"), ("two", "one")]}

    async def story(house: House) -> None:
        legs: list[Any] = []
        await house.driver.start(legs.append)
        house.driver.call("32", "1")
        record = await Session(legs[0], catalogue["one"], house.services, catalogue).run()
        assert record.result == "failed"
        assert record.reason is not None
        assert f"more than {MAX_DEPTH} scenarios inside each other" in record.reason
        assert len(record.path) == MAX_DEPTH + 1

    in_house(tmp_path, {}, story)
