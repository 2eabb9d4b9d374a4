"""I8004: the key is said before what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._said_keys import key_first
from engine.scenario.rules._speech import spoken
from engine.scenario.rules.base import Rule


class KeyFirst(Rule):
    """Reads texts to say, and recordings whose words are in `texts.txt` beside them, in English and in French."""

    id: ClassVar[str] = "I8004"
    severity: ClassVar[Severity] = "information"
    summary: ClassVar[str] = "Prompt says the key before the function"
    why: ClassVar[str] = (
        "Callers wait for the thing they want, and then for its key. Who hears the key first has forgotten it "
        "when they know that it was theirs."
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
    prompt: [{say: "Press 1 for sales. Press 2 for repairs."}]
    options: {"1": good, "2": good}
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
    prompt: [{say: "For sales, press 1. For repairs, press 2."}]
    options: {"1": good, "2": good}
    on: {no_input: end, no_match: end}
  good: {type: play, prompt: [{say: Thank you.}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each item of a prompt, at its first such sentence."""
        for name, node in draft.nodes.items():
            if not isinstance(node, Menu):
                continue
            for text in spoken(draft, ("nodes", name, "prompt"), node.prompt):
                place = next(key_first(text.text), None) if text is not None else None
                if text is not None and place is not None:
                    message = "the key is said before what it is for"
                    yield self.found(draft, text.place(draft, *place), message, "say `For sales, press 1`")
