"""E4006: a range that ends before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import all_openings, hours_nodes
from engine.scenario.rules.base import Rule


class EndsBeforeStart(Rule):
    """Looks at the week and at the dated exceptions."""

    id: ClassVar[str] = "E4006"
    summary: ClassVar[str] = "End before start without `overnight`"
    why: ClassVar[str] = (
        "Such a range would never be open. If it passes midnight, say so: `20:00-08:00+1`, or `overnight: true` on "
        "the node."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["20:00-08:00"]}
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
    week: {mon-fri: ["20:00-08:00+1"]}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each range."""
        for name, node in hours_nodes(draft):
            for opening in all_openings(name, node):
                if opening.backwards:
                    span = draft.document.span(opening.path)
                    message = f"{opening.written} ends before it begins"
                    hint = f"write {opening.written}+1 if it passes midnight"
                    yield self.found(draft, span, message, hint)
