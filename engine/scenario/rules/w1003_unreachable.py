"""W1003: a node that no call can enter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1004_dead_end import is_dead_end


def _leads_anywhere(draft: Draft, name: str) -> bool:
    """True for a node whose ways out are not written, where what cannot be reached may be meant."""
    if name in draft.doubtful:
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
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
  good_bye: {type: hangup}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: good_bye}
  good_bye: {type: hangup}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Nodes that cannot be reached, unless the start or a way out on the way is in doubt."""
        if draft.unsound & {"start", "nodes"}:
            return
        reachable = draft.reachable()
        if not reachable or draft.scenario.start == END or any(_leads_anywhere(draft, name) for name in reachable):
            return
        for name in draft.nodes:
            if name not in reachable and name != END:
                span = draft.document.key_span(("nodes", name))
                yield self.found(draft, span, f"no path leads to the node `{name}`")
