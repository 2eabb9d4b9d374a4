"""E6004: an expression that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._expressions import broken_expressions
from engine.scenario.rules.base import Rule


class BadExpression(Rule):
    """Compiles every expression and every text with `${…}` parts."""

    id: ClassVar[str] = "E6004"
    summary: ClassVar[str] = "Bad expression"
    why: ClassVar[str] = (
        "The expression is no CEL, calls a function that does not exist, or mixes types that do not go together. "
        "A variable of type `number` goes with `1.0`, one of type `integer` with `1`."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
variables: {price: {type: number, default: 2.5}}
start: add
nodes:
  add: {type: set, values: {price: price + 1}, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
variables: {price: {type: number, default: 2.5}}
start: add
nodes:
  add: {type: set, values: {price: price + 1.0}, next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Every mistake of each expression, with its place inside the file."""
        for span, error in broken_expressions(draft):
            if error.undefined is None:
                expression, _, hint = str(error).partition(": ")
                where = f", at column {error.column} of the expression" if error.column > 1 else ""
                yield self.found(draft, span, f"{expression}{where}", hint)
