"""E2003: a key is to end the input and to be an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.nodes.collect import Collect
from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._keys import KEYPAD
from engine.scenario.rules._lengths import between, lengths
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e2005_pattern import LONGEST_INPUT, is_valid


class OptionTerminator(Rule):
    """A menu has no terminator; that of a `collect` may be needed by its pattern, or be an option of a menu."""

    id: ClassVar[str] = "E2003"
    summary: ClassVar[str] = "Option equals terminator"
    why: ClassVar[str] = (
        "The terminator of a `collect` is never part of the input, so a pattern that needs it matches "
        "nothing. And an input that ends by itself, at `max_digits`, leaves the terminator that the caller "
        "presses all the same to the next node: if that is a menu with this key, it is taken for the choice."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: "Please enter your four digit extension, followed by the hash key."}]
    variable: extension
    max_digits: 4
    terminator: "#"
    on: {collected: choose, no_input: end, invalid: end}
  choose:
    type: menu
    prompt: [{say: "To hear your extension, press 1. To finish, press hash."}]
    options: {"1": confirm, "#": end}
    on: {no_input: end, no_match: end}
  confirm: {type: play, prompt: [{digits: extension}], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: "Please enter your four digit extension."}]
    variable: extension
    max_digits: 4
    terminator: null
    on: {collected: choose, no_input: end, invalid: end}
  choose:
    type: menu
    prompt: [{say: "To hear your extension, press 1. To finish, press hash."}]
    options: {"1": confirm, "#": end}
    on: {no_input: end, no_match: end}
  confirm: {type: play, prompt: [{digits: extension}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding at the terminator, or at the option that the terminator would choose."""
        for name, node in draft.nodes.items():
            if not isinstance(node, Collect) or node.terminator is None:
                continue
            key = node.terminator
            if needs_terminator(node):
                span = draft.document.span(("nodes", name, "pattern"))
                message = (
                    f"`{key}` ends the input, so that an input can never match this pattern, which needs the key"
                )
                yield self.found(draft, span, message, "give `terminator` another key, or null for none")
            elif key.isdecimal() and _any_digit(node):
                span = draft.document.span(("nodes", name, "terminator"))
                message = f"`{key}` ends the input, so that no number with this digit can be typed"
                yield self.found(draft, span, message, 'write `terminator: "#"`')
            elif node.max_digits is not None and ("nodes", name, "terminator") in draft.document.values:
                for menu in _menus_after(draft, node):
                    span = draft.document.key_span(("nodes", menu, "options", key))
                    message = (
                        f"`{key}` is the terminator of `{name}`, which ends by itself: this option would be taken"
                    )
                    yield self.found(
                        draft, span, message, f"write `terminator: null` in `{name}`, or use another key"
                    )


def needs_terminator(node: Collect) -> bool:
    """True when the pattern can be matched, but not without the key that ends the input."""
    if node.pattern is None or not is_valid(node.pattern) or node.terminator is None:
        return False
    wanted = between(node.min_digits, node.max_digits or LONGEST_INPUT)
    others = KEYPAD.replace(node.terminator, "")
    return bool(lengths(node.pattern, KEYPAD) & wanted) and not lengths(node.pattern, others) & wanted


def _any_digit(node: Collect) -> bool:
    """True when the input may hold any digit, as far as its pattern tells."""
    return node.pattern is None or re.search(r"\[0-9\]|\\d|\.", node.pattern) is not None


def _menus_after(draft: Draft, collect: Collect) -> Iterator[str]:
    """Menus that take the key, and that are entered after the input without another node listening before."""
    waiting = [edge.target for edge in collect.edges() if edge.outcome == "collected"]
    seen = {END}
    while waiting:
        name = waiting.pop()
        node = draft.nodes.get(name)
        if name in seen or node is None:
            continue
        seen.add(name)
        if isinstance(node, Menu):
            if collect.terminator in node.options:
                yield name
        elif not node.takes_input and not node.pauses:
            waiting += [edge.target for edge in node.edges()]
