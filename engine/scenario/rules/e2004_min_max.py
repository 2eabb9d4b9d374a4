"""E2004: the least is more than the most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel

from engine.nodes.base import Path
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.walk import fields


class MinMax(Rule):
    """Compares every `min_…` of a node with the `max_…` of the same name."""

    id: ClassVar[str] = "E2004"
    summary: ClassVar[str] = "Minimum above maximum"
    why: ClassVar[str] = "With a minimum above its maximum no input, or no message, is ever right."
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: Please enter your extension.}]
    variable: extension
    min_digits: 6
    max_digits: 4
    on: {collected: confirm, no_input: end, invalid: end}
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
    prompt: [{say: Please enter your extension.}]
    variable: extension
    min_digits: 4
    max_digits: 6
    on: {collected: confirm, no_input: end, invalid: end}
  confirm: {type: play, prompt: [{digits: extension}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each pair, at the one that the file gives first."""
        for name, node in draft.nodes.items():
            for path, least, most in _pairs(("nodes", name), node):
                low, high = getattr(node, least), getattr(node, most)
                given = [place for key in (least, most) if (place := (*path, key)) in draft.document.values]
                if low is None or high is None or low <= high or not given or draft.is_spoiled(given[0]):
                    continue
                span = min((draft.document.span(place) for place in given), key=lambda span: (span.line, span.column))
                message = f"`{least}` ({low:g}{_unit(least)}) is more than `{most}` ({high:g}{_unit(most)})"
                default = next((key for key in (least, most) if (*path, key) not in draft.document.values), None)
                hint = f"`{default}` is not given: this is its default" if default else "exchange the two"
                yield self.found(draft, span, message, hint)


def _pairs(path: Path, node: BaseModel) -> Iterator[tuple[Path, str, str]]:
    names = [name for name, _ in fields(type(node))]
    for name in names:
        most = f"max_{name[4:]}"
        if name.startswith("min_") and most in names:
            yield path, name, most


def _unit(name: str) -> str:
    return " s" if name.endswith("duration") else ""
