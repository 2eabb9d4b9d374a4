"""E2002: an option of a menu is the beginning of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._keys import listed, longer, patterns
from engine.scenario.rules.base import Rule


class OptionPrefix(Rule):
    """Patterns with X and the direct dial count too; an `interdigit_timeout` in the file settles it."""

    id: ClassVar[str] = "E2002"
    summary: ClassVar[str] = "Option is the beginning of another, without an inter-digit timeout"
    why: ClassVar[str] = (
        "After `1`, the menu must wait to see whether `12` is meant: how long is what `interdigit_timeout` "
        "says. Every caller who means the shorter one waits so long, so it is to be chosen and not left to "
        "the default."
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
    prompt: [{say: "For sales press 1, for Paris press 12."}]
    options: {"1": sales, "12": end}
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
    prompt: [{say: "For sales press 1, for Paris press 12."}]
    options: {"1": sales, "12": end}
    interdigit_timeout: 2s
    on: {no_input: end, no_match: end}
  sales: {type: wait, duration: 2s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each option that may be the beginning of others."""
        for name, node in draft.nodes.items():
            base = ("nodes", name)
            if not isinstance(node, Menu) or _waits(draft, base, node):
                continue
            beginnings = longer([pattern for _, pattern in patterns(node)])
            for path, pattern in patterns(node):
                if others := beginnings.get(pattern):
                    place = (*base, *path)
                    span = draft.document.key_span(place) if path[0] == "options" else draft.document.span(place)
                    message = (
                        f"`{pattern}` may be the beginning of {listed(others)}, and nothing says how long to wait"
                    )
                    yield self.found(
                        draft, span, message, "write `interdigit_timeout: 2s`, or change one of the keys"
                    )


def _waits(draft: Draft, base: Path, node: Menu) -> bool:
    """True when the file says how long to wait for another key; not to wait at all says nothing."""
    return (*base, "interdigit_timeout") in draft.document.values and node.interdigit_timeout != 0
