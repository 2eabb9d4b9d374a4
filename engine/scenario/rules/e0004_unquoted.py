"""E0004: an unquoted word is no text to YAML, where a text is meant."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class Unquoted(Rule):
    """Found by the schema step, which knows where a text is meant."""

    id: ClassVar[str] = "E0004"
    summary: ClassVar[str] = "Unquoted number or on/off/yes/no where a text is meant"
    why: ClassVar[str] = (
        "YAML takes `32` for a number and many of its readers take `0143670903` for a number too, without its zero, "
        "and `on`, `off`, `yes`, `no` for true and false. A number to call, a key of the telephone and a name are "
        "texts: put them in quotes."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: [0143670903]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["0143670903"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
