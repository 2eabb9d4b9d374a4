"""I8001: a menu with more options than anybody remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._keys import HELPERS
from engine.scenario.rules.base import Rule

MOST = 4


class ManyOptions(Rule):
    """`0`, `*` and `#`, for help, back and end, are not counted."""

    id: ClassVar[str] = "I8001"
    severity: ClassVar[Severity] = "information"
    summary: ClassVar[str] = "More than 4 options"
    why: ClassVar[str] = (
        "Who hears a list keeps four things in mind at most. Make two menus of one, or lead the rare choices to `0`."
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
    prompt: [{say: "Sales, press 1. Parts, press 2. Repairs, press 3. Accounts, press 4. The shop, press 5."}]
    options: {"1": good, "2": good, "3": good, "4": good, "5": good}
    on: {no_input: end, no_match: end}
  good: {type: play, prompt: [{say: Thank you.}], next: end}
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
    prompt: [{say: "Sales, press 1. Parts, press 2. Repairs, press 3. Accounts, press 4."}]
    options: {"1": good, "2": good, "3": good, "4": good}
    on: {no_input: end, no_match: end}
  good: {type: play, prompt: [{say: Thank you.}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each menu, at its options."""
        for name, node in draft.nodes.items():
            if isinstance(node, Menu):
                options = [option for option in node.options if option not in HELPERS]
                if len(options) > MOST:
                    span = draft.document.key_span(("nodes", name, "options"))
                    yield self.found(draft, span, f"the menu has {len(options)} options", f"{MOST} are enough")
