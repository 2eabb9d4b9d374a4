"""E4004: hours that are never open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import all_openings, hours_nodes
from engine.scenario.rules.base import Rule


class NeverOpen(Rule):
    """Looks at the week and at the dated exceptions."""

    id: ClassVar[str] = "E4004"
    summary: ClassVar[str] = "Never open"
    why: ClassVar[str] = (
        "No day has an opening range, so every call would take the `closed` branch. With an `override`, people can "
        "open it by hand, and nothing is said."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: []}
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
    week: {mon-fri: ["08:00-18:00"]}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in hours_nodes(draft):
            unsound = any(draft.is_spoiled(("nodes", name, key)) for key in ("week", "exceptions", "override"))
            if node.override is None and not all_openings(name, node) and not unsound:
                span = draft.document.key_span(("nodes", name, "week"))
                yield self.found(draft, span, f"`{name}` is never open", 'write ranges such as ["08:00-18:00"]')
