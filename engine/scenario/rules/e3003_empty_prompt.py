"""E3003: a prompt without anything to hear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.fields import Say
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.walk import iter_prompts


class EmptyPrompt(Rule):
    """An empty list, an empty text, an empty file name."""

    id: ClassVar[str] = "E3003"
    summary: ClassVar[str] = "Empty prompt"
    why: ClassVar[str] = (
        "The caller would hear nothing and take the line for dead. For a pause, write `{silence: 2s}`."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  greet: {type: play, prompt: [], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: Welcome}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Empty lists, and empty items of others."""
        for name, node in draft.nodes.items():
            for path, items in iter_prompts(node):
                base = ("nodes", name, *path)
                if not items and not draft.is_spoiled(base):
                    yield self.found(draft, draft.document.span(base), "the prompt is empty")
                for index, item in enumerate(items):
                    text = item.say if isinstance(item, Say) else item
                    if isinstance(text, str) and not text.strip():
                        where = (*base, index, "say") if isinstance(item, Say) else (*base, index)
                        yield self.found(draft, draft.document.span(where), "this item of the prompt is empty")
