"""E2001: a key of a menu is bound twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e0002_duplicate_key import is_option


class OptionTwice(Rule):
    """Speaks instead of E0002 inside `options`."""

    id: ClassVar[str] = "E2001"
    summary: ClassVar[str] = "Key bound twice"
    why: ClassVar[str] = "A key of a menu leads to one node; the second line would be ignored."
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: For sales press 1. To leave press 2.}]
    options:
      "1": sales
      "1": end
    on: {no_input: end, no_match: end}
  sales: {type: wait, duration: 2s, next: end}
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
    prompt: [{say: For sales press 1. To leave press 2.}]
    options:
      "1": sales
      "2": end
    on: {no_input: end, no_match: end}
  sales: {type: wait, duration: 2s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Repeated keys of options."""
        for twice in draft.document.duplicates:
            if is_option(twice.path):
                message = f"the key {twice.path[-1]} is bound twice; first in line {twice.first.line}"
                yield self.found(draft, twice.span, message, "give one of the two another key")
