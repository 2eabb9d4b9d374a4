"""E1002: two nodes with one name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e0002_duplicate_key import is_node


class DuplicateNode(Rule):
    """The name `end` is taken by the built-in last node."""

    id: ClassVar[str] = "E1002"
    summary: ClassVar[str] = "Duplicate node name"
    why: ClassVar[str] = (
        "References go by name, so each name stands for one node. `end` is the built-in last node and cannot be "
        "defined."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
  pause: {type: wait, duration: 2s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: short_pause}
  short_pause: {type: wait, duration: 2s, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Repeated names, and a node called `end`."""
        for twice in draft.document.duplicates:
            if is_node(twice.path):
                message = f"the node `{twice.path[-1]}` is defined twice; first in line {twice.first.line}"
                yield self.found(draft, twice.span, message, "give one of the two another name")
        if END in draft.names:
            span = draft.document.key_span(("nodes", END))
            yield self.found(draft, span, "`end` is the built-in last node", "give the node another name")
