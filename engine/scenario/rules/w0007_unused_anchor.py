"""W0007: an anchor that nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class UnusedAnchor(Rule):
    """YAML's `&name`, for which there is no `*name`."""

    id: ClassVar[str] = "W0007"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Unused anchor"
    why: ClassVar[str] = (
        "An anchor (`&night`) gives a part of the file a name so that it can be used again (`*night`). This one "
        "never is: it is left over, or a reference to it was meant somewhere."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: &day ["08:00-20:00"], sat: ["08:00-20:00"]}
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
    week: {mon-fri: &day ["08:00-20:00"], sat: *day}
    on: {open: end, closed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each anchor."""
        for name, span in draft.document.unused_anchors:
            yield self.found(draft, span, f"nothing uses the anchor &{name}", f"remove it, or use it as *{name}")
