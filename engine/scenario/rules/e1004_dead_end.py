"""E1004: a node with nowhere to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Node
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


def is_dead_end(node: Node) -> bool:
    """True for a node that goes on but has no way out, the error branch apart."""
    if all(outcome in node.lenient for outcome in node.possible()):
        return False
    return not any(edge.outcome != "error" for edge in node.edges())


class DeadEnd(Rule):
    """Leaves an agent search without exits to E5004."""

    id: ClassVar[str] = "E1004"
    summary: ClassVar[str] = "Dead end"
    why: ClassVar[str] = (
        "The node has neither `next` nor an outcome under `on`, so the call has nowhere to go. Write `next: end` to "
        "end the call there. A circle from which nothing leads out is no dead end: the caller can hang up."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Nodes of which no outcome is wired."""
        for name, node in draft.nodes.items():
            if is_dead_end(node) and node.type != "agent_search" and name not in draft.doubtful:
                outcomes = node.possible()
                hint = "add `next: end`" if outcomes == ("next",) else f"wire {', '.join(outcomes)} under `on`"
                span = draft.document.key_span(("nodes", name))
                yield self.found(draft, span, f"the node `{name}` leads nowhere", hint)
