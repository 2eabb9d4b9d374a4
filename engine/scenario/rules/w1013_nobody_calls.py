"""W1013: a scenario that no call can enter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import closest


class NobodyCalls(Rule):
    """Asks the other scenarios of the same server for a `scenario` node with this one's name."""

    id: ClassVar[str] = "W1013"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Scenario without a DID that nobody calls"
    why: ClassVar[str] = (
        "A call enters a scenario by a number under `did`, or because another scenario calls it by its name. This "
        "one has no number, and no scenario that is served with it calls it."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """At most one finding, at `did` or at the scenario's name."""
        if draft.scenario.did or draft.unsound & {"did", "name", "nodes"} or draft.is_spoiled(("did",)):
            return
        if draft.project.unread_folders:
            return  # Who knows whom a file calls that cannot be read.
        ours, file = draft.scenario.name, draft.file.absolute()
        for called, callers in draft.project.callers.items():
            others = any(other.file.absolute() != file for other, _ in callers)
            if others and (called == ours or _means(draft, called, ours)):
                return
        key = "did" if ("did",) in draft.document.keys else "name"
        span = draft.document.key_span((key,))
        message = f"no number leads to `{ours}`, and no other scenario calls it"
        yield self.found(draft, span, message, 'add `did: ["…"]`, or call it with a `scenario` node')


def _means(draft: Draft, called: str, ours: str) -> bool:
    """True for a misspelt name of this scenario: that has its own finding, where it stands."""
    known = draft.project.by_name
    return called not in known and closest(called, known) == ours
