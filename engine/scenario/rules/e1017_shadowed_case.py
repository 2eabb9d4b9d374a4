"""E1017: a case of a branch that is never taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._cases import branches, shadows
from engine.scenario.rules.base import Rule

_REASONS = {
    "same": ("has the same condition", "correct one of the two conditions"),
    "always": ("is always true", "put the one that is always true last"),
    "covers": ("is true whenever this one is", "put the narrower condition first"),
}


class ShadowedCase(Rule):
    """Leaves to W1019 the same condition twice with the same target, where nothing is lost."""

    id: ClassVar[str] = "E1017"
    summary: ClassVar[str] = "Branch case shadowed by an earlier one"
    why: ClassVar[str] = (
        "The cases are tried in order, and the first that is true is taken. A case behind one with the same "
        "condition, behind a wider one (`n > 5` behind `n > 3`), or behind one that is always true, never is, so "
        "the callers that it was written for go elsewhere."
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
      - {when: call.cli == "", next: end}
      - {when: call.cli == "", next: pause}
    default: pause
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
      - {when: call.cli == "", next: end}
      - {when: call.cli == "anonymous", next: pause}
    default: pause
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each case; the next one behind one that is always true stands for all behind it."""
        for name, branch in branches(draft):
            for shadow in shadows(draft, branch):
                if shadow.same and shadow.same_target:
                    continue
                base = ("nodes", name, "cases")
                line = draft.document.span((*base, shadow.earlier, "when")).line
                reason, hint = _REASONS[shadow.reason]
                message = f"this case is never taken: the one in line {line} {reason}"
                yield self.found(draft, draft.document.span((*base, shadow.case, "when")), message, hint)
