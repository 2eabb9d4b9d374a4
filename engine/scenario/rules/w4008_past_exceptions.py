"""W4008: dated exceptions that are all over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import exceptions_of, hours_nodes, zone_of
from engine.scenario.rules.base import Rule


class PastExceptions(Rule):
    """A date is over when its day is over in the time zone of the hours, and so is what passes its midnight."""

    id: ClassVar[str] = "W4008"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Dated exceptions all in the past"
    why: ClassVar[str] = (
        "Somebody has kept a list of special days and stopped: this year's are probably missing. Once one date is "
        "yet to come, the old ones may stay."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    exceptions: {2019-12-24: ["08:00-12:00"], 2019-12-31: closed}
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
    exceptions: {2019-12-24: ["08:00-12:00"], 2099-12-24: ["08:00-12:00"]}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in hours_nodes(draft):
            base = ("nodes", name, "exceptions")
            zone = zone_of(draft, name, node)
            if zone is None or not node.exceptions or draft.is_spoiled(base):
                continue
            overnight = {
                str(opening.path[3])
                for openings in exceptions_of(name, node)
                for opening in openings
                if opening.passes_midnight
            }
            today = draft.project.today(zone)
            if all(date.fromisoformat(day) < today - timedelta(days=day in overnight) for day in node.exceptions):
                number = len(node.exceptions)
                what = f"all {number} dates are past" if number > 1 else "the only date is past"
                message = f"{what}: the last is {max(node.exceptions)}"
                yield self.found(draft, draft.document.key_span(base), message, "write those that are to come")
