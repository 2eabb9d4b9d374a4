"""Which variables the expressions of a node read, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from engine.call.expressions import free_names
from engine.nodes.base import Node, Path
from engine.nodes.fields import AssignMark, ExpressionMark, TemplateMark
from engine.scenario.walk import iter_marked


class Read(NamedTuple):
    """One use of a variable. `path` leads to the text in the node; line and column count inside the text, from 1.
    `before` are the variables that the node itself has assigned by then."""

    path: Path
    name: str
    line: int
    column: int
    before: frozenset[str]


def reads(node: Node) -> Iterator[Read]:
    """Every use of a name that is not the system's, in document order; of what cannot be read, none."""
    before: frozenset[str] = frozenset()
    pending: dict[Path, str] = {}
    for path, text, mark in iter_marked(node):
        if isinstance(mark, AssignMark) and mark.type == "value":
            pending[path] = text
        elif isinstance(mark, ExpressionMark | TemplateMark):
            for name, line, column in free_names(text, template=isinstance(mark, TemplateMark)):
                yield Read(path, name, line, column, before)
            if path in pending:
                # The values of one node see those before them.
                before |= {pending[path]}
