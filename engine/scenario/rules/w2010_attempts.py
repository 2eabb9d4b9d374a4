"""W2010: the caller is asked again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

MOST = 3


class Attempts(Rule):
    """Looks at the `attempts` of any node."""

    id: ClassVar[str] = "W2010"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "More than 3 attempts"
    why: ClassVar[str] = (
        "A caller who has failed three times will not succeed the fourth time: lead them to a person, a "
        "message, or the end."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: To go on press 1.}]
    options: {"1": end}
    attempts: 5
    on: {no_input: end, no_match: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: To go on press 1.}]
    options: {"1": end}
    attempts: 3
    on: {no_input: end, no_match: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding at each such `attempts`."""
        for name, node in draft.nodes.items():
            path = ("nodes", name, "attempts")
            attempts = getattr(node, "attempts", None)
            if isinstance(attempts, int) and attempts > MOST and path in draft.document.values:
                span = draft.document.span(path)
                yield self.found(draft, span, f"the caller is asked {attempts} times", f"write {MOST} or less")
