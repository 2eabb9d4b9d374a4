"""E0003: the document does not have the shape of a scenario."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class SchemaViolation(Rule):
    """Found by the schema step."""

    id: ClassVar[str] = "E0003"
    summary: ClassVar[str] = "Schema violation"
    why: ClassVar[str] = (
        "A key is unknown or missing, a value has the wrong type or is not one of those allowed. The message says "
        "what was expected, and which known word is closest."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause:
    type: wait
    durration: 2s
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
