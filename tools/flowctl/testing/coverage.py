"""Which nodes and which edges of the scenarios were walked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from engine.call.record import Step
from engine.nodes.base import Edge
from engine.nodes.menu import Menu
from engine.nodes.scenario import ScenarioCall
from engine.scenario.compile import CompiledScenario
from engine.scenario.document import Document
from tools.flowctl.simulator.run import Simulation
from tools.flowctl.testing.suite import Subject


class Missing(NamedTuple):
    """A node that was not entered (`edge` is empty), or an edge that was not taken; `text` says which."""

    line: int
    node: str
    edge: str
    text: str


@dataclass(slots=True)
class ScenarioCoverage:
    """How often each node and each edge of one scenario was walked. The edges of a node are known by their labels;
    `on_error` counts what the scenario's `on_error` caught, None without one."""

    compiled: CompiledScenario
    document: Document
    nodes: dict[str, int] = field(default_factory=dict)
    edges: dict[str, dict[str, int]] = field(default_factory=dict)
    on_error: int | None = None

    def __post_init__(self) -> None:
        scenario = self.compiled.scenario
        self.nodes = dict.fromkeys(scenario.nodes, 0)
        self.edges = {name: {_label(edge): 0 for edge in node.edges()} for name, node in scenario.nodes.items()}
        self.on_error = 0 if scenario.on_error is not None else None

    @property
    def file(self) -> Path:
        """The scenario's file; below the present folder, from there on."""
        path = Path(os.path.normpath(self.compiled.path))
        return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

    def walked(self, name: str, outcome: str | None) -> None:
        """A call entered a node, and left it by an outcome, if it did."""
        self.nodes[name] += 1
        if outcome is None:
            return
        if outcome in self.edges[name]:
            self.edges[name][outcome] += 1
        elif outcome == "error" and self.on_error is not None:
            self.on_error += 1

    def counts(self) -> tuple[int, int, int, int]:
        """Nodes entered, nodes, edges taken, edges."""
        edges = [count for labels in self.edges.values() for count in labels.values()]
        edges += [] if self.on_error is None else [self.on_error]
        nodes = self.nodes.values()
        return sum(map(bool, nodes)), len(nodes), sum(map(bool, edges)), len(edges)

    @property
    def percent(self) -> float:
        """Nodes and edges that were walked, of 100; cut, so that 100 is all of them."""
        entered, nodes, taken, edges = self.counts()
        return (entered + taken) * 1000 // (nodes + edges) / 10

    def missing(self) -> list[Missing]:
        """What was not walked, by line."""
        return sorted(self._missing())

    def _missing(self) -> Iterator[Missing]:
        scenario = self.compiled.scenario
        for name, node in scenario.nodes.items():
            if not self.nodes[name]:
                yield Missing(self._line("nodes", name), name, "", f"{name} was not entered")
            for edge in node.edges():
                label = _label(edge)
                if not self.edges[name][label]:
                    line = self._line("nodes", name, *edge.path)
                    yield Missing(line, name, label, f"{name} → {self._words(name, edge)} was not taken")
        if self.on_error == 0:
            yield Missing(self._line("on_error"), "", "on_error", "on_error was not taken")

    def _words(self, name: str, edge: Edge) -> str:
        if isinstance(self.compiled.scenario.nodes[name], Menu) and edge.path[0] == "options":
            return f'key "{edge.outcome}"'
        return f"{_label(edge)} ({edge.when})" if edge.when is not None else _label(edge)

    def _line(self, *path: str | int) -> int:
        return self.document.key_span(path).line


def _label(edge: Edge) -> str:
    return edge.label or edge.outcome


class Coverage:
    """What a number of calls have walked, of their scenarios and of those that these call."""

    def __init__(self) -> None:
        self._found: dict[Path, ScenarioCoverage] = {}

    @property
    def scenarios(self) -> list[ScenarioCoverage]:
        """By file."""
        return [self._found[file] for file in sorted(self._found)]

    def add(self, subject: Subject, simulations: Iterable[Simulation]) -> None:
        """Count calls of one scenario."""
        for compiled in (subject.compiled, *subject.catalogue.values()):
            self._of(compiled, subject)
        for simulation in simulations:
            for step in simulation.record.path:
                self._count(subject, step)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: what `flowctl graph --coverage` reads. Every node and edge is listed, also those of count 0."""
        return {
            "scenarios": {
                str(found.file): {
                    "nodes": found.nodes,
                    "edges": found.edges,
                    **({} if found.on_error is None else {"on_error": found.on_error}),
                }
                for found in self.scenarios
            }
        }

    def _of(self, compiled: CompiledScenario, subject: Subject) -> ScenarioCoverage:
        place = compiled.path.resolve()
        if place not in self._found:
            draft = subject.project.draft(compiled.path)
            if draft is None:
                raise ValueError(f"{compiled.path}: the scenario is gone")
            self._found[place] = ScenarioCoverage(compiled, draft.document)
        return self._found[place]

    def _count(self, subject: Subject, step: Step) -> None:
        *outer, name = step.node.split("/")
        compiled = subject.compiled
        for node in outer:
            caller = compiled.scenario.nodes[node]
            if not isinstance(caller, ScenarioCall):
                raise ValueError(f"{step.node}: {node} calls no scenario")
            compiled = subject.catalogue[caller.name]
        self._of(compiled, subject).walked(name, step.outcome)
