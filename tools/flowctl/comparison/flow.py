"""A scenario as a caller meets it: the nodes that a call may enter, and the ways between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.nodes.base import END, Node
from engine.scenario.draft import Draft
from engine.scenario.model import Scenario

START, ON_ERROR = "start", "on_error"
ROOT = ""
"""Where the ways `start` and `on_error` begin: no node has this name."""

WIRING = frozenset({"type", "next", "on", "options", "cases", "default"})
"""Parameters that are ways, or say nothing to a caller."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where an outcome leads. `key` names it: the outcome, or the condition of a branch; `line` is that of the
    file."""

    key: str
    target: str
    line: int


@dataclass(frozen=True)
class Flow:
    """The reachable part of a scenario, in the order in which a caller comes to it. `steps` has, for each node but
    the root, the way by which a caller first comes to it, and the node from which it leads."""

    draft: Draft
    nodes: dict[str, Node]
    ways: dict[str, dict[str, Way]]
    steps: dict[str, tuple[str, Way]]

    @property
    def scenario(self) -> Scenario:
        """Everything but the nodes."""
        return self.draft.scenario

    def line(self, *path: str | int) -> int:
        """Line of a key of the file."""
        return self.draft.document.key_span(path).line

    def steps_to(self, name: str) -> list[tuple[str, Way]]:
        """The shortest way to a node, from the root."""
        found: list[tuple[str, Way]] = []
        while name != ROOT:
            step = self.steps[name]
            found.append(step)
            name = step[0]
        return found[::-1]


def make_flow(draft: Draft) -> Flow:
    """The flow of a scenario without mistakes in its wiring."""
    ways = {ROOT: _roots(draft)}
    nodes: dict[str, Node] = {}
    steps: dict[str, tuple[str, Way]] = {}
    waiting = [ROOT]
    for name in waiting:
        for way in ways[name].values():
            node = draft.nodes.get(way.target)
            if node is not None and way.target not in steps:
                steps[way.target] = (name, way)
                nodes[way.target] = node
                ways[way.target] = _ways(draft, way.target, node)
                waiting.append(way.target)
    return Flow(draft, nodes, ways, steps)


def _roots(draft: Draft) -> dict[str, Way]:
    found = {START: Way(START, draft.scenario.start, _line(draft, START))}
    if draft.scenario.on_error is not None:
        found[ON_ERROR] = Way(ON_ERROR, draft.scenario.on_error, _line(draft, ON_ERROR))
    return found


def _line(draft: Draft, *path: str | int) -> int:
    return draft.document.key_span(path).line


def _ways(draft: Draft, name: str, node: Node) -> dict[str, Way]:
    """The ways out of a node by key; an outcome that may stay unwired leads to the end."""
    found: dict[str, Way] = {}
    outcomes = set()
    for edge in node.edges():
        outcomes.add(edge.outcome)
        key = f"when {' '.join(edge.when.split())}" if edge.when is not None else edge.label or edge.outcome
        # Of two equal conditions only the first one is ever taken.
        found.setdefault(key, Way(key, edge.target, _line(draft, "nodes", name, *edge.path)))
    for outcome in node.possible():
        if outcome in node.lenient and outcome not in outcomes:
            found[outcome] = Way(outcome, END, _line(draft, "nodes", name))
    return found


def content(node: Node) -> dict[str, Any]:
    """The parameters of a node that are no ways, by their names of today, as plain data."""
    former = {name for name, info in type(node).model_fields.items() if info.deprecated}
    found = node.model_dump(mode="json", exclude={*WIRING, *former})
    if isinstance(found.get("direct_dial"), dict):
        found["direct_dial"].pop("next", None)
    return found


def signature(node: Node) -> str:
    """Type and content in a text."""
    return json.dumps([node.type, content(node)], sort_keys=True)
