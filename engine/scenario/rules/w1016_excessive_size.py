"""W1016: more nodes than anybody can keep in mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

MOST = 300
"""Nodes of a scenario."""

_PER_LINE = 3


def _example(size: int) -> str:
    """A scenario of so many nodes, in few lines."""
    nodes = [f"n{n}: {{type: answer, next: {'end' if n == size else f'n{n + 1}'}}}" for n in range(1, size + 1)]
    lines = [", ".join(nodes[at : at + _PER_LINE]) for at in range(0, size, _PER_LINE)]
    inside = ",\n  ".join(lines)
    return f'format: 1\nname: hello\ndid: ["100"]\nstart: n1\nnodes: {{\n  {inside}\n}}\n'


class ExcessiveSize(Rule):
    """Counts the nodes."""

    id: ClassVar[str] = "W1016"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Excessive size"
    why: ClassVar[str] = (
        f"With more than {MOST} nodes in one file, nobody sees any more what a caller goes through. Put parts that "
        "stand for themselves (identify the caller, take a message) into scenarios of their own and call them with "
        "`scenario` nodes."
    )
    bad: ClassVar[str] = _example(MOST + 1)
    good: ClassVar[str] = _example(3)

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """At most one finding."""
        if len(draft.names) > MOST:
            span = draft.document.key_span(("nodes",))
            message = f"the scenario has {len(draft.names)} nodes; more than {MOST} are hard to follow"
            yield self.found(draft, span, message, "put parts of it into scenarios of their own")
