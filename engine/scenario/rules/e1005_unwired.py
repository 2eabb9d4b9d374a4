"""E1005: an outcome that can happen leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Node, Path
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic, Span
from engine.scenario.draft import Draft
from engine.scenario.rules._sub import returned
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1004_dead_end import is_dead_end
from engine.scenario.suggest import closest, did_you_mean


def unwired(draft: Draft, node: Node) -> list[str]:
    """Outcomes that can happen and lead nowhere, also those that may."""
    wired = {edge.outcome for edge in node.edges()}
    possible = _returned(draft, node) or () if isinstance(node, ScenarioCall) else node.possible()
    return [outcome for outcome in possible if outcome not in wired]


def _returned(draft: Draft, node: ScenarioCall) -> list[str] | None:
    """The outcomes of a sub-scenario; None when nobody can tell, or when that is the scenario itself (E1008)."""
    theirs = draft.project.scenario(node.name) if node.name != draft.scenario.name else None
    return None if theirs is None else returned(theirs)


class Unwired(Rule):
    """Leaves to E1004 a node without any way out, to E5004 the exits of an agent search, to W2007 the outcomes
    that may stay unwired."""

    id: ClassVar[str] = "E1005"
    summary: ClassVar[str] = "Outcome not wired"
    why: ClassVar[str] = (
        "An outcome that can happen must lead to a node or to `end`: `holiday` once `holidays` is given, `full` once "
        "`max_waiting` is, `key` once `exit_keys` are. The outcomes of a `scenario` node are those that the `return` "
        "nodes of the sub-scenario name; what else is wired is never taken."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-20:00"]}
    holidays: FR
    on: {open: end, closed: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-20:00"]}
    holidays: FR
    on: {open: end, closed: end, holiday: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each outcome."""
        for name, node in draft.nodes.items():
            if is_dead_end(node) or name in draft.doubtful:
                continue
            if isinstance(node, ScenarioCall):
                yield from self._sub_scenario(draft, name, node)
                continue
            others = ("timeout", "nobody") if node.type == "agent_search" else ()
            for outcome in unwired(draft, node):
                if outcome not in node.lenient and outcome not in others:
                    yield self._leads_nowhere(draft, name, outcome)

    def _leads_nowhere(self, draft: Draft, name: str, outcome: str) -> Diagnostic:
        message = f"the outcome `{outcome}` of `{name}` leads nowhere"
        return self.found(draft, _wiring(draft, name), message, f"add `{outcome}: …` under `on`")

    def _sub_scenario(self, draft: Draft, name: str, node: ScenarioCall) -> Iterator[Diagnostic]:
        """Outcomes of a sub-scenario that are not wired, and wired ones that it does not have; one that is misspelt
        counts once, and a node without any wiring too."""
        possible = _returned(draft, node)
        if possible is None:
            return
        missing = unwired(draft, node)
        for outcome in (outcome for outcome in node.on or () if outcome not in (*possible, "error")):
            meant = closest(outcome, missing)
            if meant is not None:
                missing.remove(meant)
            path: Path = ("nodes", name, "on", outcome)
            message = f"the scenario `{node.name}` never returns `{outcome}`"
            hint = did_you_mean(outcome, [meant] if meant else possible) or _returns(possible)
            yield self.found(draft, draft.document.key_span(path), message, hint)
        if missing and missing == possible and not any(edge.outcome != "error" for edge in node.edges()):
            outcomes = ", ".join(missing)
            message = f"the scenario `{node.name}` returns {outcomes}, and `{name}` leads nowhere"
            yield self.found(draft, _wiring(draft, name), message, f"wire {outcomes} under `on`")
            return
        for outcome in missing:
            yield self._leads_nowhere(draft, name, outcome)


def _wiring(draft: Draft, name: str) -> Span:
    """Where to say that an outcome is missing: at `on`, else at the node."""
    base = ("nodes", name, "on")
    return draft.document.key_span(base if base in draft.document.keys else base[:2])


def _returns(outcomes: list[str]) -> str:
    return f"it returns {', '.join(outcomes)}" if outcomes else "it has no `return` node: the call ends in it"
