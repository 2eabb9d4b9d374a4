"""A typed scenario → one state machine shared by all its calls, with a tiny cursor for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from transitions import Machine

from engine.call.expressions import START_VALUES, Environment, Expression, Template
from engine.errors import CallError
from engine.nodes.base import END, Edge, Node
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Span
from engine.scenario.model import Scenario

Names = Callable[[], Mapping[str, Any]]
"""Gives the values that guards may look at; called only when there is a guard."""

PREFIX = "on:"
"""Before an outcome in the machine's trigger names, so that no outcome can be taken for an attribute."""


class Cursor:
    """Where one call stands in its scenario: a model of the shared machine.

    It is never added to the machine, which would cost 54 µs and keep it alive; the machine's events are
    triggered on it directly.
    """

    __slots__ = ("_machine", "on_error_used", "state", "taken")

    def __init__(self, machine: Machine, start: str) -> None:
        self._machine = machine
        self.state = start
        self.taken: Edge | None = None
        self.on_error_used = False

    @property
    def node(self) -> str:
        """Name of the node at which the call stands."""
        return self.state

    def follow(self, outcome: str, names: Names) -> Edge | None:
        """Take the way out of the current node that belongs to an outcome, and return it.

        The outcome `error` takes the node's own `error` branch, else, once a call, the scenario's `on_error`;
        None when there is neither. An outcome that may stay unwired leads to `end`.
        Raises ExpressionError when a guard cannot be evaluated, CallError for an outcome without a way out.
        """
        event = self._machine.events.get(PREFIX + outcome)
        self.taken = None
        if event is not None and self.state in event.transitions:
            event.trigger(self, self, names)
        if self.taken is None and outcome != "error":
            raise CallError(f"node {self.state}: the outcome {outcome!r} leads nowhere")
        return self.taken


@dataclass(frozen=True)
class CompiledScenario:
    """One version of a scenario, ready to run; immutable and shared by all its calls."""

    scenario: Scenario
    path: Path
    version: str
    """Short hash of the file's content."""
    machine: Machine
    environment: Environment
    did_places: Mapping[str, Span]
    mentions_contact: bool
    """Whether it may look at who calls: it begins when that is known."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name

    @cached_property
    def prompts_dir(self) -> Path:
        """Folder of the audio files. Asked for with each prompt, and paths are slow to build."""
        return self.path.parent / self.scenario.prompts

    @property
    def calls(self) -> tuple[str, ...]:
        """Names of the sub-scenarios that it calls."""
        return tuple(node.name for node in self.scenario.nodes.values() if isinstance(node, ScenarioCall))

    def begin(self) -> Cursor:
        """The cursor of a new call, at the start node."""
        return Cursor(self.machine, self.scenario.start)

    def initial_variables(self) -> dict[str, Any]:
        """The declared variables when a call starts: their default, else the empty value of their type."""
        return {
            name: START_VALUES[variable.type](variable.default or START_VALUES[variable.type]())
            for name, variable in self.scenario.variables.items()
        }

    def expression(self, text: str) -> Expression:
        """A compiled expression of the scenario, by its text; raises ExpressionError."""
        return self.environment.compile(text)

    def template(self, text: str) -> Template:
        """A compiled text with `${…}` parts; raises ExpressionError."""
        return self.environment.template(text)


def compile_scenario(
    scenario: Scenario, path: Path, source: bytes, environment: Environment, places: Mapping[str, Span]
) -> CompiledScenario:
    """Build the machine of a scenario that has passed the rules, and let its nodes load what they need.

    `environment` is its own; `places` says where its numbers stand in the file. Blocking.
    """
    for node in scenario.nodes.values():
        node.prepare(scenario)
    version = blake2b(source, digest_size=6).hexdigest()
    machine = build_machine(scenario, environment)
    return CompiledScenario(scenario, path, version, machine, environment, places, b"contact" in source)


def build_machine(scenario: Scenario, environment: Environment) -> Machine:
    """States are the nodes and `end`; transitions the edges, guarded by the cases of branches."""
    machine = Machine(
        model=None,
        states=[*scenario.nodes, END],
        initial=scenario.start,
        auto_transitions=False,
        name=scenario.name,
    )
    for name, node in scenario.nodes.items():
        wired = set()
        for edge in node.edges():
            wired.add(edge.outcome)
            _add(machine, name, edge, _guard(edge, environment))
        for outcome in _unwired_lenient(node, wired):
            _add(machine, name, Edge(outcome, END, ()))
        if "error" not in wired and scenario.on_error is not None:
            _add(machine, name, Edge("error", scenario.on_error, ("on_error",)), _first_error)
    return machine


def _unwired_lenient(node: Node, wired: set[str]) -> list[str]:
    return [outcome for outcome in node.possible() if outcome in node.lenient and outcome not in wired]


Condition = Callable[[Cursor, Names], bool]


def _add(machine: Machine, source: str, edge: Edge, condition: Condition | None = None) -> None:
    def take(cursor: Cursor, _: Names) -> None:
        cursor.taken = edge
        if edge.path == ("on_error",):
            cursor.on_error_used = True

    machine.add_transition(PREFIX + edge.outcome, source, edge.target, conditions=condition, before=take)


def _guard(edge: Edge, environment: Environment) -> Condition | None:
    if edge.when is None:
        return None
    expression = environment.compile(edge.when, "bool")

    def holds(_: Cursor, names: Names) -> bool:
        return bool(expression.evaluate(names()))

    return holds


def _first_error(cursor: Cursor, _: Names) -> bool:
    return not cursor.on_error_used
