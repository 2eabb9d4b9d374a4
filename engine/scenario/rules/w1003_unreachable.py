"""W1003: a node that no call can enter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


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
        """Sound nodes that cannot be reached, unless the start itself is in doubt."""
        if draft.unsound & {"start", "nodes"}:
            return
        start = draft.scenario.start
        reachable = draft.reachable()
        if not reachable and start != END:
            return
        for name in draft.nodes:
            if name not in reachable and name != END:
                span = draft.document.key_span(("nodes", name))
                yield self.found(draft, span, f"no path leads to the node `{name}`")
