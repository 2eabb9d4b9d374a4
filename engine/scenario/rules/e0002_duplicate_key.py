"""E0002: a key stands twice in one mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


def is_node(path: Path) -> bool:
    """True for the name of a node, whose repetition is E1002."""
    return len(path) == 2 and path[0] == "nodes"


def is_option(path: Path) -> bool:
    """True for a menu's key, whose repetition is E2001."""
    return len(path) == 4 and path[0] == "nodes" and path[2] == "options"


class DuplicateKey(Rule):
    """Speaks unless E1002 or E2001 does."""

    id: ClassVar[str] = "E0002"
    summary: ClassVar[str] = "Duplicate key"
    why: ClassVar[str] = (
        "A mapping has each key once. Most YAML readers silently take the last of two, so half of what was written "
        "would be ignored."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause:
    type: wait
    duration: 2s
    duration: 5s
    next: end
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause:
    type: wait
    duration: 5s
    next: end
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Repetitions that no other rule names better."""
        for twice in draft.document.duplicates:
            if not is_node(twice.path) and not is_option(twice.path):
                message = f"the key `{twice.path[-1]}` is given twice; first in line {twice.first.line}"
                yield self.found(draft, twice.span, message, "remove one of the two")
