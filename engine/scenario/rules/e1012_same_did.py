"""E1012: one number leads to two scenarios."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.rules.base import Rule
from engine.scenario.table import Conflict


class SameDid(Rule):
    """Found when several files are checked together, or served together."""

    id: ClassVar[str] = "E1012"
    summary: ClassVar[str] = "Same DID in two scenarios"
    why: ClassVar[str] = (
        "A call has one scenario. When two files of a folder claim a number, the one whose path comes first in the "
        "alphabet has it, and the other never hears of its calls. On a running server, whoever has the number keeps "
        "it. (Below, `other.yaml` has the number 32.)"
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["31", "32"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["31"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "other.yaml": b"""\
format: 1
name: other
did: ["32"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    }


def same_did(conflict: Conflict) -> Diagnostic:
    """The finding for a number that two scenarios claim, in the file that does not get it."""
    second = conflict.second
    message = f"the number {conflict.did} already leads to {conflict.first.path}"
    hint = "take it out of one of the two files"
    return Diagnostic.at(second.did_places[conflict.did], SameDid.id, message, file=str(second.path), hint=hint)
