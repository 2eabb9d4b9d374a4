"""E6002: a variable is read that has no value on some way to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._flow import assigned, in_doubt, way_without, with_values
from engine.scenario.rules._reads import reads
from engine.scenario.rules.base import Rule


class UnassignedVariable(Rule):
    """Follows every way from `start`: what has been assigned on all of them is certain.

    An `error` branch assigns nothing. In a scenario that others call, the variables without a default are its
    inputs, which have values.
    """

    id: ClassVar[str] = "E6002"
    summary: ClassVar[str] = "Variable not assigned on some path"
    why: ClassVar[str] = (
        "A caller who comes the way that the message names meets an expression without a value: the node fails. Give "
        "the variable a default under `variables`, or a value on that way."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: Your code?}]
    variable: code
    on: {collected: repeat, no_input: repeat, invalid: end}
  repeat: {type: play, prompt: [{digits: code}], next: end}
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
    prompt: [{say: Your code?}]
    variable: code
    on: {collected: repeat, no_input: end, invalid: end}
  repeat: {type: play, prompt: [{digits: code}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Each variable once on a way: behind a node that needed it, the call has it or has failed."""
        if in_doubt(draft):
            return
        known = draft.environment.variables
        for name, certain in with_values(draft).items():
            have = set(certain)
            for path, variable, line, column, before in reads(draft.nodes[name]):
                if variable not in known or variable in have | before:
                    continue
                have.add(variable)
                way = way_without(draft, name, variable, assigned(draft))
                where = f"when the call comes by {' → '.join(way)}" if way else "at the start of the call"
                place = draft.document.inside(("nodes", name, *path), line, column)
                span = replace(place, end_column=place.column + len(variable))
                yield self.found(draft, span, f"`{variable}` has no value {where}", _hint(draft, variable))


def _hint(draft: Draft, variable: str) -> str:
    if variable in draft.scenario.variables:
        return f"give `{variable}` a default, or a value on that way"
    return f"assign `{variable}` on that way, or declare it under `variables` with a default"
