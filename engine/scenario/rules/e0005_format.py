"""E0005: the format version is unknown."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class UnknownFormat(Rule):
    """Found by the schema step."""

    id: ClassVar[str] = "E0005"
    summary: ClassVar[str] = "Unknown format version"
    why: ClassVar[str] = (
        "`format` says which version of the language the file is written in; this program knows version 1. A file "
        "of another version is refused rather than misread."
    )
    bad: ClassVar[str] = """\
format: 2
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
