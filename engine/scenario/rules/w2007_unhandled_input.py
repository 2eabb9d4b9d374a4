"""W2007: a menu or a collect that does not say what happens without a key, or with a wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1004_dead_end import is_dead_end
from engine.scenario.rules.e1005_unwired import unwired

INPUT = ("no_input", "no_match", "invalid")
"""Outcomes of a caller who has used up their attempts."""


class UnhandledInput(Rule):
    """Speaks for the outcomes that may stay unwired; leaves to E1004 a node without any way out."""

    id: ClassVar[str] = "W2007"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "No-input or no-match not handled"
    why: ClassVar[str] = (
        "A caller who presses nothing, or a wrong key, has run out of attempts: without `no_input` and `no_match` "
        "(of a `collect`: `no_input` and `invalid`) under `on` the call ends there without a word."
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
    prompt: [{say: To leave press 1.}]
    options: {"1": end}
    on: {no_input: end}
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
    prompt: [{say: To leave press 1.}]
    options: {"1": end}
    on: {no_input: end, no_match: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in draft.nodes.items():
            missing = [outcome for outcome in unwired(draft, node) if outcome in INPUT and outcome in node.lenient]
            if missing and name not in draft.doubtful and not is_dead_end(node):
                base = ("nodes", name, "on")
                span = draft.document.key_span(base if base in draft.document.keys else base[:2])
                outcomes = " and ".join(f"`{outcome}`" for outcome in missing)
                message = f"`{name}` does not handle {outcomes}: the call would end there"
                yield self.found(draft, span, message, f"wire {', '.join(missing)} under `on`")
