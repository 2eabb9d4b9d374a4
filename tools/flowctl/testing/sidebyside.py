"""Two paths next to each other, with a mark where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from engine.call.record import Step

SAME, OTHER, LEFT_OUT, ADDED = " ", "≠", "-", "+"


@dataclass(frozen=True, slots=True)
class Row:
    """A node expected, a node entered, or both; `mark` says how they go together."""

    mark: str
    expected: str | None
    actual: Step | None


def align(expected: Sequence[str], actual: Sequence[Step]) -> Iterator[Row]:
    """The two paths, row by row, so that as much as possible stands side by side."""
    names = [step.node for step in actual]
    for kind, i, j, k, m in SequenceMatcher(a=list(expected), b=names, autojunk=False).get_opcodes():
        for row in range(max(j - i, m - k)):
            left = expected[i + row] if i + row < j else None
            right = actual[k + row] if k + row < m else None
            mark = SAME if kind == "equal" else LEFT_OUT if right is None else ADDED if left is None else OTHER
            yield Row(mark, left, right)


def table(expected: Sequence[str], actual: Sequence[Step]) -> list[tuple[str, str]]:
    """The rows as text, each with its mark: expected and entered nodes, the outcome, the time."""
    rows = list(align(expected, actual))
    left = max([len("expected"), *(len(row.expected or "") for row in rows)])
    right = max([len("actual"), *(len(row.actual.node) for row in rows if row.actual)])
    lines = [(SAME, f"  {'expected':<{left}}  {'actual':<{right}}  outcome")]
    for row in rows:
        line = f"{row.mark} {row.expected or '':<{left}}  "
        if row.actual is not None:
            line += f"{row.actual.node:<{right}}  {row.actual.outcome or '-'}, at {row.actual.at:.1f} s"
        lines.append((row.mark, line.rstrip()))
    return lines
