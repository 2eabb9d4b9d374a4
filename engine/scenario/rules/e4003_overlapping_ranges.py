"""E4003: two opening ranges share a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import hours_nodes, overlaps
from engine.scenario.rules.base import Rule


class OverlappingRanges(Rule):
    """Compares the ranges of each day, and those that pass midnight with the next day's."""

    id: ClassVar[str] = "E4003"
    summary: ClassVar[str] = "Overlapping ranges"
    why: ClassVar[str] = (
        "Two ranges that share a time are nearly always a slip of a digit, or a day that stands under two keys. "
        "A range ends just before its end, so 08:00-12:00 and 12:00-18:00 do not overlap."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-12:30", "12:00-18:00"]}
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
    week: {mon-fri: ["08:00-12:00", "12:00-18:00"]}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each pair."""
        for name, node in hours_nodes(draft):
            for first, second in overlaps(name, node):
                span = draft.document.span(second.path)
                line = draft.document.span(first.path).line
                what = f"{second.written} overlaps {first.written}" if first is not second else first.written
                yield self.found(draft, span, f"{what}, in line {line}")
