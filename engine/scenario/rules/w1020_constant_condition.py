"""W1020: a condition that does not depend on the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._cases import branches, constant, shadows
from engine.scenario.rules.base import Rule


class ConstantCondition(Rule):
    """Evaluates each condition without any values. One that is always true and hides others is left to E1017."""

    id: ClassVar[str] = "W1020"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Constant condition"
    why: ClassVar[str] = (
        "The condition has the same value for every call: a case that is never true is never taken, and one that is "
        "always true is a `default` in disguise. Often a name was put in quotes, or a condition was switched off "
        "for a trial."
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
      - {when: '"call.cli" == ""', next: pause}
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
    default: end
  pause: {type: wait, duration: 5s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each condition."""
        for name, branch in branches(draft):
            found = list(shadows(draft, branch))
            spoken_for = {shadow.case for shadow in found} | {shadow.earlier for shadow in found if not shadow.same}
            for index, case in enumerate(branch.cases):
                value = constant(draft, case.when) if case.when and index not in spoken_for else None
                if value is not None:
                    span = draft.document.span(("nodes", name, "cases", index, "when"))
                    hint = "lead to its node with `default`" if value else "remove the case, or correct its condition"
                    yield self.found(draft, span, f"this is always {'true' if value else 'false'}", hint)
