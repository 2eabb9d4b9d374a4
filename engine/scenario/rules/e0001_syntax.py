"""E0001: the file is no readable YAML document."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class Syntax(Rule):
    """Found while loading."""

    id: ClassVar[str] = "E0001"
    summary: ClassVar[str] = "YAML syntax"
    why: ClassVar[str] = (
        "The file cannot be read: it is empty, not UTF-8 text, not YAML, holds several documents, or is nested or "
        "aliased beyond all measure. Nothing else is looked at until that is put right."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet:
    type: play
    prompt: [{say: Note: we are closed}]
    next: end
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet:
    type: play
    prompt: [{say: "Note: we are closed"}]
    next: end
"""
