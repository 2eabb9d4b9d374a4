"""W4007: an opening or closing time that a change of the clocks leaves out, or gives twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

from engine.call.calendar import DAY_MINUTES
from engine.nodes.hours import Hours
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._clock_changes import DAYS_AHEAD, Change, clock_changes
from engine.scenario.rules._hours import Opening, hours_nodes, openings_on, zone_of
from engine.scenario.rules.base import Rule

MOST_DAYS = 100
"""Dated exceptions after these two years that are looked at."""


class ClockChange(Rule):
    """Looks at the clock changes of the next two years and of the dates of exceptions, on the days on which the range
    applies: an exception or a public holiday may take its place."""

    id: ClassVar[str] = "W4007"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Boundary inside a daylight-saving gap or fold"
    why: ClassVar[str] = (
        "When the clocks go forward, an hour of the day does not exist; when they go back, an hour comes twice. A "
        "range that begins or ends within that hour is an hour longer or shorter than written, or opens twice. The "
        "minute of the change itself is clear: in Paris 02:00, and 03:00, are fine."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
time_zone: Europe/Paris
start: opening
nodes:
  opening:
    type: hours
    week: {sat: ["20:00-02:30+1"]}
    on: {open: end, closed: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
time_zone: Europe/Paris
start: opening
nodes:
  opening:
    type: hours
    week: {fri: ["20:00-02:30+1"], sat: ["20:00-02:00+1"]}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each range, with the first day on which it matters."""
        for name, node in hours_nodes(draft):
            zone = zone_of(draft, name, node)
            if zone is None:
                continue
            told = set()
            for change in _changes(zone, node, draft.project.today(zone)):
                for opening, minute in _boundaries(name, node, change):
                    if opening.path in told:
                        continue
                    told.add(opening.path)
                    does = "does not exist" if change.forward else "comes twice"
                    message = f"{_clock(minute)} {does} on {change.day}, when the clocks change in {zone}"
                    hint = f"{_clock(change.start)} and {_clock(change.end)} are clear"
                    yield self.found(draft, draft.document.span(opening.path), message, hint)


def _changes(zone: str, node: Hours, today: date) -> list[Change]:
    """The changes of the next two years, and those on later days that have hours of their own."""
    last = date.max - timedelta(3)
    seen = today + timedelta(DAYS_AHEAD)
    later = [day for written in node.exceptions if seen < (day := date.fromisoformat(written)) < last]
    changes = {change for day in later[:MOST_DAYS] for change in clock_changes(zone, day, 1)}
    return sorted(changes.union(clock_changes(zone, today)), key=lambda change: change.day)


def _boundaries(name: str, node: Hours, change: Change) -> Iterator[tuple[Opening, int]]:
    """The ranges of which an end is inside of a change of the clocks, and that end in minutes of its day."""
    for day in (change.day, change.day - timedelta(days=1)):
        for opening in openings_on(name, node, day):
            for minute in (opening.span.start, opening.span.end):
                if not opening.backwards and change.holds(day, minute):
                    yield opening, minute % DAY_MINUTES


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
