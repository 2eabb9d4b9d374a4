"""W7003: the caller chooses which number is dialled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.call.expressions import free_names
from engine.call.patterns import full_match
from engine.call.templates import Part, split
from engine.errors import ExpressionError
from engine.nodes.base import Node
from engine.nodes.branch import Branch
from engine.nodes.collect import Collect
from engine.nodes.set import Set
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._flow import in_doubt, ways_out
from engine.scenario.rules.base import Rule

_COSTLY = ("0899123456", "0900123456", "0033899123456", "00882123456789", "+882123456789", "+19005551234")
"""Numbers that no allow-list lets through: a `pattern` that matches one is none."""


class DialledByCaller(Rule):
    """Follows the keys of every `collect` through `set` to the `to` of a `bridge` or `transfer`. An allow-list is a
    `pattern` that does not let everything through, or a `branch` on the way that compares them (`==`, `in`,
    `matches`); an extension of `direct_dial` has its pattern."""

    id: ClassVar[str] = "W7003"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Number dialled comes from the caller without an allow-list"
    why: ClassVar[str] = (
        "Whoever calls can then make calls at your expense, to any country and to numbers that earn them money. Let "
        "`pattern` accept only what is meant, such as `2[0-9]{2}` for the extensions of a house."
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
    prompt: [{say: Which extension?}]
    variable: extension
    on: {collected: connect, no_input: end, invalid: end}
  connect:
    type: bridge
    to: "sip:${extension}@example.com"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
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
    prompt: [{say: Which extension?}]
    variable: extension
    pattern: 2[0-9]{2}
    on: {collected: connect, no_input: end, invalid: end}
  connect:
    type: bridge
    to: "sip:${extension}@example.com"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node that dials."""
        dialling = {name: to for name, node in draft.nodes.items() if isinstance(to := _dials(node), str)}
        if not dialling or in_doubt(draft):
            return
        found: dict[str, str] = {}
        for start, node in draft.nodes.items():
            if isinstance(node, Collect) and not _is_limited(node):
                names = _made_of(draft, node.variable)
                for name in _unchecked(draft, start, names):
                    if name in dialling and (used := names & _mentioned(dialling[name])):
                        found.setdefault(name, min(used))
        for name, variable in found.items():
            span = draft.document.span(("nodes", name, "to"))
            message = f"`{name}` calls whatever number the caller has typed (`{variable}`)"
            hint = "give the `collect` a `pattern`, or compare the number in a `branch` before"
            yield self.found(draft, span, message, hint)


def _dials(node: Node) -> str | None:
    return getattr(node, "to", None) if node.type in ("bridge", "transfer") else None


def _is_limited(node: Collect) -> bool:
    """True when the pattern of a `collect` is an allow-list."""
    if node.pattern is None:
        return False
    fitting = (number for number in _COSTLY if node.max_digits is None or len(number) <= node.max_digits)
    try:
        return not any(full_match(node.pattern, number) for number in fitting)
    except ValueError:
        return True


def _made_of(draft: Draft, variable: str) -> set[str]:
    """The variables that hold what the caller typed, or a text made of it."""
    names = {variable}
    while True:
        more = {
            name
            for node in draft.nodes.values()
            if isinstance(node, Set)
            for name, expression in node.values.items()
            if names & _carried(expression)
        }
        if more <= names:
            return names
        names |= more


def _mentioned(template: str) -> set[str]:
    try:
        parts = [part for part in split(template) if isinstance(part, Part)]
    except ExpressionError:
        return set()
    return {name for part in parts for name in _carried(part.expression)}


def _carried(expression: str) -> set[str]:
    """The variables of which an expression's value may be a part; not those that it compares, or by which it chooses
    among values that are written."""
    name = r"[A-Za-z_]\w*"
    text = r"""(?:"[^"]*"|'[^']*')"""
    compared = re.compile(
        rf"\b{name}\s*(?:==|!=|in\b)|(?:==|!=)\s*{name}\b|\[\s*{name}\s*\]|\b{name}\.(?:matches|startsWith|endsWith|contains)\({text}\)"
        rf"|\bsize\(\s*{name}\s*\)|\b{name}\.size\(\)"
    )
    plain = compared.sub(lambda found: " " * len(found[0]), expression)
    return {variable for variable, line, column in free_names(expression) if _stands(plain, variable, line, column)}


def _stands(text: str, name: str, line: int, column: int) -> bool:
    lines = text.split("\n")
    return line <= len(lines) and lines[line - 1].startswith(name, column - 1)


def _unchecked(draft: Draft, start: str, names: set[str]) -> set[str]:
    """Nodes that a call may enter from where the keys are taken, without a branch that compares them."""
    waiting = [target for outcome, target in ways_out(draft, start) if outcome == "collected"]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found and not _compares(draft.nodes[name], names):
            found.add(name)
            waiting += [target for _, target in ways_out(draft, name)]
    return found


def _compares(node: Node, names: set[str]) -> bool:
    if not isinstance(node, Branch):
        return False
    return any(
        names & {name for name, _, _ in free_names(case.when)} - _carried(case.when)
        for case in node.cases
        if case.when
    )
