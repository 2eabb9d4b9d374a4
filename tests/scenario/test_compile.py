"""The machine that all calls share, and the cursor of each."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from support.scenarios import compiled, scenario

from engine.errors import CallError, ExpressionError

NODES = """
a:
  type: menu
  prompt: [{say: choose}]
  options: {"1": b, state: end}
  on: {error: failed}
b:
  type: branch
  cases:
    - {when: n == 1, next: c}
    - {when: n < 10, next: d}
    - {when: 10 / (n - 20) > 0, next: d}
  default: e
c: {type: wait, duration: 1s, next: end}
d: {type: wait, duration: 1s, on: {next: c}}
e: {type: hangup}
failed: {type: wait, duration: 1s, next: c}
"""
TOP = "on_error: failed\nvariables: {n: {type: integer, default: 0}}"
TEXT = scenario(NODES.replace(", state: end", ""), top=TOP)


def nothing() -> dict[str, Any]:
    raise AssertionError("only a guard looks at the values")


def test_a_call_walks_and_says_which_edge_it_took() -> None:
    cursor = compiled(TEXT).begin()
    assert cursor.node == "a"
    edge = cursor.follow("1", nothing)
    assert edge is not None
    assert (edge.outcome, edge.target, edge.path, cursor.node) == ("1", "b", ("options", "1"), "b")


@pytest.mark.parametrize(
    ("n", "target", "label"), [(1, "c", "case 1"), (5, "d", "case 2"), (21, "d", "case 3"), (15, "e", "default")]
)
def test_the_first_true_case_of_a_branch_is_taken(n: int, target: str, label: str) -> None:
    cursor = compiled(TEXT).begin()
    cursor.follow("1", nothing)
    edge = cursor.follow("next", lambda: {"n": n})
    assert edge is not None
    assert (edge.target, edge.label, cursor.node) == (target, label, target)


def test_a_guard_that_fails_is_an_error_of_the_node() -> None:
    cursor = compiled(TEXT).begin()
    cursor.follow("1", nothing)
    with pytest.raises(ExpressionError, match="divide by zero"):
        cursor.follow("next", lambda: {"n": 20})
    assert cursor.node == "b"
    edge = cursor.follow("error", nothing)
    assert edge is not None
    assert edge.target == "failed"


def test_a_node_s_own_error_branch_comes_first_and_costs_nothing() -> None:
    cursor = compiled(TEXT).begin()
    own = cursor.follow("error", nothing)
    assert own is not None
    assert own.path == ("on", "error")
    cursor.follow("next", nothing)
    general = cursor.follow("error", nothing)
    assert general is not None
    assert general.path == ("on_error",)


def test_on_error_is_taken_once_a_call() -> None:
    text = compiled(TEXT)
    cursor = text.begin()
    cursor.follow("1", nothing)
    assert cursor.follow("error", nothing) is not None
    assert cursor.node == "failed"
    assert cursor.follow("error", nothing) is None
    assert cursor.node == "failed"
    # Another call has its own count.
    other = text.begin()
    other.follow("1", nothing)
    assert other.follow("error", nothing) is not None


def test_without_any_error_branch_there_is_none() -> None:
    cursor = compiled(scenario("a: {type: wait, duration: 1s, next: end}")).begin()
    assert cursor.follow("error", nothing) is None


def test_an_outcome_that_may_stay_unwired_leads_to_the_end() -> None:
    cursor = compiled(TEXT).begin()
    edge = cursor.follow("no_input", nothing)
    assert edge is not None
    assert (edge.target, cursor.node) == ("end", "end")


@pytest.mark.parametrize("outcome", ["2", "state", "trigger", "__class__", "", "case 1"])
def test_an_outcome_that_does_not_exist_is_a_call_error(outcome: str) -> None:
    cursor = compiled(TEXT).begin()
    with pytest.raises(CallError, match="leads nowhere"):
        cursor.follow(outcome, nothing)
    assert cursor.node == "a"


def test_cursors_leave_nothing_behind_in_the_machine() -> None:
    shared = compiled(TEXT)

    class Witness(type(shared.begin())):  # type: ignore[misc]
        __slots__ = ("__weakref__",)

    cursor = Witness(shared.machine, shared.scenario.start)
    cursor.follow("1", nothing)
    gone = weakref.ref(cursor)
    del cursor
    gc.collect()
    assert gone() is None
    assert shared.machine.models == []


def test_variables_begin_with_their_default() -> None:
    top = """
    variables:
      {a: {}, b: {type: integer, default: 7}, c: {type: number}, d: {type: boolean},
       e: {type: number, default: 2}, f: {type: integer, default: 3.0}}
    """
    variables = compiled(scenario("a: {type: hangup}", top=top)).initial_variables()
    assert variables == {"a": "", "b": 7, "c": 0.0, "d": False, "e": 2.0, "f": 3}
    assert [type(variables[name]) for name in "ef"] == [float, int]


def test_the_version_is_the_content() -> None:
    assert compiled(TEXT).version == compiled(TEXT).version
    assert compiled(TEXT).version != compiled(TEXT + "# another\n").version
    assert len(compiled(TEXT).version) == 12
