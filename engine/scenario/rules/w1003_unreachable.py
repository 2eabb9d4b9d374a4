"""W1003: a node that no call can enter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1004_dead_end import is_dead_end
from engine.scenario.rules.e1005_unwired import unwired


def _leads_anywhere(draft: Draft, name: str) -> bool:
    """True for a node whose ways out are not written, or twice, where what cannot be reached may be meant."""
    if name in draft.doubtful or any(found.path == ("nodes", name) for found in draft.document.duplicates):
        return True
    node = draft.nodes.get(name)
    return node is not None and is_dead_end(node) and len(node.possible()) > 1


class Unreachable(Rule):
    """Walks the edges from `start` and `on_error`."""

    id: ClassVar[str] = "W1003"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Unreachable node"
    why: ClassVar[str] = (
        "No path leads from `start` (or `on_error`) to the node: it is left over, or an outcome that should lead to "
        "it leads elsewhere."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
  good_bye: {type: hangup}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: good_bye}
  good_bye: {type: hangup}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Nodes that cannot be reached, unless ways out that lead nowhere, each with a finding of its own, may
        have been meant to lead to them."""
        if draft.unsound & {"start", "nodes"}:
            return
        reachable = draft.reachable()
        if draft.meant(draft.scenario.start) is None or any(_leads_anywhere(draft, name) for name in reachable):
            return
        orphans = [name for name in draft.nodes if name not in reachable and name != END]
        if _beginnings(draft, orphans) <= _loose_ends(draft, reachable):
            return
        for name in orphans:
            span = draft.document.key_span(("nodes", name))
            yield self.found(draft, span, f"no path leads to the node `{name}`")


def _beginnings(draft: Draft, orphans: list[str]) -> int:
    """How many ways in would be enough to reach all these nodes."""
    begun: dict[str, set[str]] = {}
    for name in orphans:
        if not any(name in reached for reached in begun.values()):
            reached = draft.reach([name])
            begun = {other: nodes for other, nodes in begun.items() if other not in reached}
            begun[name] = reached
    return len(begun)


def _loose_ends(draft: Draft, reachable: set[str]) -> int:
    """How many ways out of nodes that are reached lead nowhere: to no node, or not wired."""
    ends = 0
    for path, target in draft.references():
        if path[0] != "nodes" or path[1] in reachable:
            ends += target != END and draft.meant(target) is None
    twice = (found for found in draft.document.duplicates if len(found.path) > 2)
    # Of a key that is written twice, the second may lead on.
    ends += sum(found.path[0] == "nodes" and found.path[1] in reachable for found in twice)
    return ends + sum(len(unwired(draft, draft.nodes[name])) for name in reachable if name in draft.nodes)
