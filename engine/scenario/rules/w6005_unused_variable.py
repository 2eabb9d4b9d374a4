"""W6005: a variable that nothing reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.nodes.fields import AssignMark
from engine.nodes.return_ import Return
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._expressions import broken_expressions
from engine.scenario.rules._flow import callers, in_doubt
from engine.scenario.rules._reads import reads
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e7002_sql_text import values_in_sql
from engine.scenario.scalars import is_ambiguous
from engine.scenario.walk import iter_assignments, iter_marked


class UnusedVariable(Rule):
    """Silent in a scenario with an agent search: the agent is shown all variables. What a scenario returns counts as
    read when a scenario that calls it takes it, or when none is there to be looked at."""

    id: ClassVar[str] = "W6005"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Unused variable"
    why: ClassVar[str] = (
        "A value that no expression reads is left over, or its name is misspelt where it is assigned or where it "
        "should be read."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
variables: {greeting: {default: welcome.wav}}
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
variables: {greeting: {default: Good morning}}
start: greet
nodes:
  greet: {type: play, prompt: [{say: "${greeting}"}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each variable, where it is declared or else where it is first assigned."""
        if in_doubt(draft) or any(node.type == "agent_search" for node in draft.nodes.values()):
            return
        used = _used(draft)
        if used is None or any(True for _ in broken_expressions(draft)):
            return
        for name, path in _named(draft).items():
            document = draft.document
            if name not in used and not is_ambiguous(name):
                span = document.key_span(path) if path[-1] == name else document.span(path)
                yield self.found(draft, span, f"nothing reads the variable `{name}`")


def _used(draft: Draft) -> set[str] | None:
    """The variables that something reads; None when it cannot be told."""
    used = {read.name for node in draft.nodes.values() for read in reads(node)} | _in_sql(draft)
    if any(isinstance(node, Return) for node in draft.nodes.values()):
        calling: list[ScenarioCall] = list(callers(draft))
        if not calling:
            return None
        used |= {theirs for node in calling for theirs in node.outputs.values()}
    return used


def _in_sql(draft: Draft) -> set[str]:
    """Words of a query into which values are written, which E7002 speaks of."""
    queries = (draft.document.data["nodes"][name]["query"] for name, _ in values_in_sql(draft))
    return {word for query in queries for word in re.findall(r"\w+", query)}


def _named(draft: Draft) -> dict[str, Path]:
    """Variable → where it is declared, else first assigned. What a node assigns without being told to is left
    out."""
    found: dict[str, Path] = {name: ("variables", name) for name in draft.scenario.variables}
    for name, node in draft.nodes.items():
        unasked = {mark.name for _, _, mark in iter_marked(node) if isinstance(mark, AssignMark) and mark.name}
        for assignment in iter_assignments(node):
            if assignment.name not in unasked:
                found.setdefault(assignment.name, ("nodes", name, *assignment.path))
    return found
