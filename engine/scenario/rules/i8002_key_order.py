"""I8002: the keys of a menu do not count 1, 2, 3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._said_keys import said_keys
from engine.scenario.rules._speech import spoken
from engine.scenario.rules.base import Rule


class KeyOrder(Rule):
    """Looks at the keys 1 to 9, first at the options and then at the order in which the prompt names them."""

    id: ClassVar[str] = "I8002"
    severity: ClassVar[Severity] = "information"
    summary: ClassVar[str] = "Keys not ascending, or with gaps"
    why: ClassVar[str] = (
        "Callers count along: after the first choice they expect 1, after the second 2. A gap sounds like a "
        "choice missed. A key that begins extensions of `direct_dial` leaves no gap."
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
    prompt: [{say: "For sales, press 1. For repairs, press 3."}]
    options: {"1": good, "3": good}
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
        """One finding for each menu, at the first key out of order."""
        for name, node in draft.nodes.items():
            base = ("nodes", name)
            if not isinstance(node, Menu) or draft.is_spoiled((*base, "options")):
                continue
            keys = [option for option in node.options if option[0] in "123456789"]
            numbers = [int(option[0]) for option in keys]
            dialled = node.direct_dial.pattern if node.direct_dial and node.direct_dial.pattern else ""
            taken = {*numbers, *(int(key) for key in dialled[:1].replace("X", "") if key.isdecimal())}
            wrong = next((i for i, number in enumerate(numbers) if i and number < numbers[i - 1]), None)
            gap = next((i for i, number in enumerate(numbers) if set(range(1, number)) - taken), None)
            if wrong is not None:
                message = f"`{keys[wrong]}` comes behind `{keys[wrong - 1]}`"
                span = draft.document.key_span((*base, "options", keys[wrong]))
                yield self.found(draft, span, message, "give the keys in ascending order")
            elif gap is not None and not any(option.startswith("X") for option in node.options):
                free = min(set(range(1, numbers[gap])) - taken)
                span = draft.document.key_span((*base, "options", keys[gap]))
                yield self.found(draft, span, f"there is a `{keys[gap]}`, but no `{free}`", "use the keys 1, 2, 3 …")
            else:
                yield from self._said(draft, base, node)

    def _said(self, draft: Draft, base: Path, menu: Menu) -> Iterator[Diagnostic]:
        last = ""
        for text in spoken(draft, (*base, "prompt"), menu.prompt):
            if text is None:
                continue
            for said in said_keys(text.text):
                if said.key not in menu.options or said.key[0] not in "123456789":
                    continue
                if said.key < last:
                    span = text.place(draft, said.start, said.length)
                    yield self.found(
                        draft, span, f"`{said.key}` is said after `{last}`", "say the keys in ascending order"
                    )
                    return
                last = said.key
