"""E1005: an outcome that can happen leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Node
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1004_dead_end import is_dead_end


def unwired(node: Node) -> list[str]:
    """Outcomes that can happen and lead nowhere, also those that may."""
    wired = {edge.outcome for edge in node.edges()}
    return [outcome for outcome in node.possible() if outcome not in wired]


class Unwired(Rule):
    """Leaves to E1004 a node without any way out, to E5004 the exits of an agent search, to W2007 the outcomes
    that may stay unwired."""

    id: ClassVar[str] = "E1005"
    summary: ClassVar[str] = "Outcome not wired"
    why: ClassVar[str] = (
        "An outcome that can happen must lead to a node or to `end`: `holiday` once `holidays` is given, `full` once "
        "`max_waiting` is, `key` once `exit_keys` are."
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
            others = ("timeout", "nobody") if node.type == "agent_search" else ()
            for outcome in unwired(node):
                if outcome in node.lenient or outcome in others:
                    continue
                base = ("nodes", name, "on")
                has_on = base in draft.document.keys
                span = draft.document.key_span(base if has_on else base[:2])
                message = f"the outcome `{outcome}` of `{name}` leads nowhere"
                yield self.found(draft, span, message, f"add `{outcome}: …` under `on`")
