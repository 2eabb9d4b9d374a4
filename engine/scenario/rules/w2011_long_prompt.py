"""W2011: a long prompt that no key stops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from engine.nodes.base import Node, Path
from engine.nodes.collect import Collect
from engine.nodes.menu import Menu
from engine.nodes.play import Play
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._speech import seconds
from engine.scenario.rules.base import Rule

LONGEST = 8.0
"""Seconds."""


class LongPrompt(Rule):
    """Menus and collects with `barge_in: false`, and a `play` without barge-in directly before one.

    A text counts a second for 15 characters, a file as long as it is."""

    id: ClassVar[str] = "W2011"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Prompt over 8 s without barge-in"
    why: ClassVar[str] = (
        "A caller who knows the answer already, or has heard the question before, cannot go on before its end."
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
    prompt:
      - say: Thank you for calling. Please listen carefully to the whole of the following choices, since they have
          changed in the meantime. To go on, press 1.
    options: {"1": end}
    barge_in: false
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
    prompt: [{say: "To go on, press 1."}]
    options: {"1": end}
    barge_in: false
    on: {no_input: end, no_match: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each such prompt."""
        for name, node in draft.nodes.items():
            for path, items, times in _uninterrupted(draft, node):
                length = times * seconds(draft, items)
                if length > LONGEST:
                    span = draft.document.key_span(("nodes", name, *path))
                    message = f"this lasts {length:.1f} s, and no key stops it"
                    hint = "make it shorter, or let keys stop it with `barge_in: true`"
                    yield self.found(draft, span, message, hint)


def _uninterrupted(draft: Draft, node: Node) -> Iterator[tuple[Path, list[Any], int]]:
    """The prompts of a node that the caller has to hear before they may press: path, items, how many times."""
    if isinstance(node, Menu | Collect) and not node.barge_in:
        for key in ("prompt", "no_input_prompt", "no_match_prompt"):
            if items := getattr(node, key):
                yield (key,), items, 1
    elif isinstance(node, Play) and not node.barge_in and _before_input(draft, node):
        yield ("prompt",), node.prompt, node.repeat


def _before_input(draft: Draft, node: Play) -> bool:
    return any(isinstance(draft.nodes.get(edge.target), Menu | Collect) for edge in node.edges())
