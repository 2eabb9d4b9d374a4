"""W1019: the same case twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._cases import branches, shadows
from engine.scenario.rules.base import Rule


class DuplicateCondition(Rule):
    """With another target the second case is one that somebody misses: that is E1017."""

    id: ClassVar[str] = "W1019"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Duplicate condition"
    why: ClassVar[str] = (
        "Two cases of a branch have the same condition and lead to the same node. One of them is superfluous, or its "
        "condition was copied and never changed."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who:
    type: branch
    cases:
      - {when: call.cli == "", next: pause}
      - {when: call.cli == "", next: pause}
    default: end
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who:
    type: branch
    cases:
      - {when: call.cli == "", next: pause}
      - {when: call.cli == "anonymous", next: pause}
    default: end
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each repetition."""
        for name, branch in branches(draft):
            for shadow in shadows(draft, branch):
                if shadow.same and shadow.same_target:
                    base = ("nodes", name, "cases")
                    line = draft.document.span((*base, shadow.earlier, "when")).line
                    message = f"this case says the same as the one in line {line}"
                    span = draft.document.span((*base, shadow.case, "when"))
                    yield self.found(draft, span, message, "remove it, or correct its condition")
