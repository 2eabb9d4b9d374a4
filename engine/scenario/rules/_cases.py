"""The cases of branches: what is the same, and what is always true or always false."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import ExpressionError
from engine.nodes.branch import Branch
from engine.scenario.draft import Draft
from engine.scenario.rules._implied import covers

_TOKEN = re.compile(r"""//[^\n]*|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\w+|[^\w\s])""")
"""A comment, or a text, a word, a sign."""

_LOOP = re.compile(r"\.(all|exists|exists_one|map|filter)\s*\(")
"""Macros that go through a list: to evaluate them may take its time."""


MOST_COMPARED = 100
"""Cases of one branch with which those behind them are compared."""


class Shadow(NamedTuple):
    """A case that is never taken because of an earlier one. Both count from 0."""

    case: int
    earlier: int
    reason: str
    """What the earlier one does: `same`, `always` true, or `covers` whatever this one says."""
    same_target: bool

    @property
    def same(self) -> bool:
        """They have the same condition."""
        return self.reason == "same"


def branches(draft: Draft) -> Iterator[tuple[str, Branch]]:
    """The branches, with their names."""
    for name, node in draft.nodes.items():
        if isinstance(node, Branch):
            yield name, node


def plain(condition: str) -> str:
    """A condition without what makes no difference: comments, and white space outside of texts."""
    return " ".join(token for token in _TOKEN.findall(condition) if token)


def constant(draft: Draft, condition: str) -> bool | None:
    """The value that a condition has whatever the call, None when it depends on the call or is not sound."""
    if _LOOP.search(condition):
        return None
    try:
        # Without any values: what needs one cannot be computed.
        return bool(draft.environment.compile(condition, "bool").evaluate({}))
    except ExpressionError:
        return None


def shadows(draft: Draft, branch: Branch) -> Iterator[Shadow]:
    """The cases that are never taken. Behind one that is always true only the next is named: it stands for all."""
    seen: dict[str, int] = {}
    for index, case in enumerate(branch.cases):
        if not case.when:
            continue
        key = plain(case.when)
        if key in seen:
            earlier = seen[key]
            yield Shadow(index, earlier, "same", same_target=branch.cases[earlier].next == case.next)
            continue
        wider = (at for at in list(seen.values())[:MOST_COMPARED] if covers(branch.cases[at].when, case.when))
        if (wide := next(wider, None)) is not None:
            yield Shadow(index, wide, "covers", same_target=False)
        seen[key] = index
        if constant(draft, case.when) and index + 1 < len(branch.cases):
            yield Shadow(index + 1, index, "always", same_target=False)
            return
