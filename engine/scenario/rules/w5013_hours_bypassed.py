"""W5013: an agent search that a call may come to without being asked what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.agent_search import AgentSearch
from engine.nodes.base import END
from engine.nodes.hours import Hours
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class HoursBypassed(Rule):
    """Walks from `start` along all outcomes and stops at `hours` nodes, and at sub-scenarios that have one."""

    id: ClassVar[str] = "W5013"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Agent search reachable without passing the hours node"
    why: ClassVar[str] = (
        "The scenario has opening hours, but there is a way around them: at night, a caller who takes it waits for "
        "agents who are not there."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: known
nodes:
  known:
    type: branch
    cases: [{when: "call.cli == '201'", next: find_agent}]
    default: opening
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    on: {open: find_agent, closed: end}
  find_agent:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    on: {open: find_agent, closed: end}
  find_agent:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each search, with the shortest way there."""
        # Hours to which no call comes are W1003's, and what they were meant for is unknown.
        reachable = draft.reachable()
        if not any(isinstance(draft.nodes.get(name), Hours) for name in reachable) or draft.unsound & {"start"}:
            return
        for name, way in _ways(draft).items():
            if isinstance(draft.nodes[name], AgentSearch):
                span = draft.document.key_span(("nodes", name))
                yield self.found(
                    draft, span, f"`{name}` can be reached without passing the opening hours: {' → '.join(way)}"
                )


def _ways(draft: Draft) -> dict[str, tuple[str, ...]]:
    """The nodes that a call can enter before it has passed any hours, each with the shortest way there."""
    found: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[str, ...]] = [(draft.scenario.start,)]
    while waiting:
        way = waiting.pop(0)
        name = way[-1]
        node = draft.nodes.get(name)
        if node is None or name == END or name in found:
            continue
        found[name] = way
        if not isinstance(node, Hours) and not _asks_inside(draft, node):
            waiting += [(*way, edge.target) for edge in node.edges() if edge.target]
    return found


def _asks_inside(draft: Draft, node: object) -> bool:
    """True for a sub-scenario in which a call meets hours."""
    inner = draft.project.scenario(node.name) if isinstance(node, ScenarioCall) else None
    if inner is None:
        return False
    return any(isinstance(inner.nodes.get(name), Hours) for name in inner.reachable())
