"""W2009: too little or too much time for the first key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.collect import Collect
from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

SHORTEST, LONGEST = 3.0, 10.0
"""Seconds."""


class FirstDigitTimeout(Rule):
    """Looks at the `timeout` that a menu or a collect gives."""

    id: ClassVar[str] = "W2009"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "First-digit timeout outside 3 to 10 s"
    why: ClassVar[str] = (
        "With less than 3 s a caller who looks for the keypad hears the question again while pressing; with "
        "more than 10 s of silence they think that the line is dead."
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
    timeout: 20s
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
    timeout: 5s
    on: {no_input: end, no_match: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding at each such `timeout`."""
        for name, node in draft.nodes.items():
            path = ("nodes", name, "timeout")
            if not isinstance(node, Menu | Collect) or path not in draft.document.values or draft.is_spoiled(path):
                continue
            if not SHORTEST <= node.timeout <= LONGEST:
                message = f"callers have {node.timeout:g} s to press the first key"
                yield self.found(
                    draft, draft.document.span(path), message, "between 3s and 10s is usual; 5s is a good choice"
                )
