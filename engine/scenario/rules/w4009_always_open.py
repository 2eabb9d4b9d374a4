"""W4009: hours that are always open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.call.calendar import DAY_MINUTES
from engine.nodes.hours import Hours
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import hours_nodes, overlaps, week_of
from engine.scenario.rules.base import Rule


class AlwaysOpen(Rule):
    """Lays the ranges of the week side by side. With `holidays`, `exceptions` or an `override` it may be closed."""

    id: ClassVar[str] = "W4009"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Always open"
    why: ClassVar[str] = (
        "No call ever takes the `closed` branch, so the node does nothing: a range is wrong, or the node can go. "
        "With an `override`, people can close by hand, and nothing is said."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-sun: ["00:00-24:00"]}
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
    week: {mon-sun: ["00:00-24:00"]}
    override: support_closed
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in hours_nodes(draft):
            keys = ("week", "holidays", "exceptions", "override")
            unsound = any(draft.is_spoiled(("nodes", name, key)) for key in keys)
            closes = node.holidays or node.exceptions or node.override
            # Of ranges that overlap, one is written wrong, and nobody knows yet what is meant.
            if closes or unsound or not _covers_week(name, node) or any(overlaps(name, node)):
                continue
            span = draft.document.key_span(("nodes", name, "week"))
            yield self.found(draft, span, f"`{name}` is always open", "leave times out, or leave the node out")


def _covers_week(name: str, node: Hours) -> bool:
    """True when no minute of the week is outside of all ranges."""
    week = 7 * DAY_MINUTES
    placed = []
    for days, openings in week_of(name, node):
        for day in days:
            for opening in openings:
                start = day * DAY_MINUTES + opening.span.start
                end = day * DAY_MINUTES + opening.span.end
                # A range that passes the end of the week begins it too.
                placed += [(start, end), (start - week, end - week)]
    covered = 0
    for start, end in sorted(placed):
        if start > covered:
            break
        covered = max(covered, end)
    return covered >= week
