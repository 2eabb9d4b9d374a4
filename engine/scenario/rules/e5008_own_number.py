"""E5008: a call to one of our own numbers that comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File
from typing import ClassVar

from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._dialling import answering, dialled
from engine.scenario.rules.base import Rule


class OwnNumber(Rule):
    """Follows what is dialled into the scenario that answers it, and what that dials, until it comes back."""

    id: ClassVar[str] = "E5008"
    summary: ClassVar[str] = "Transfer to one of our own DIDs that loops"
    why: ClassVar[str] = (
        "The call is answered by a scenario that leads here again: it goes round and takes another line each time, "
        "until none is left. To begin again, lead to a node."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: other_desk
nodes:
  other_desk:
    type: bridge
    to: "100"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: other_desk
nodes:
  other_desk:
    type: bridge
    to: "200"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each such number."""
        for path, to in _dialled(draft):
            target = answering(draft, to)
            way = None if target is None else _way_back(target, draft)
            if way is not None:
                names = " → ".join(f"`{scenario.scenario.name}`" for scenario in way)
                message = f"{to} is answered by {names}, and so the call comes back here"
                if len(way) == 1:
                    message = f"{to} is a number of this very scenario: the call comes back here"
                yield self.found(draft, draft.document.span(path), message)


def _dialled(draft: Draft) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is dialled where a call can come."""
    reachable = draft.reachable()
    return ((path, to) for path, to in dialled(draft) if path[1] in reachable)


def _way_back(begin: Draft, home: Draft) -> list[Draft] | None:
    """The scenarios through which a call comes from one to another; None when it does not."""
    seen: set[File] = set()
    waiting = [[begin]]
    while waiting:
        way = waiting.pop(0)
        here = way[-1]
        if _same(here, home):
            return way
        if here.file.absolute() not in seen:
            seen.add(here.file.absolute())
            waiting += [[*way, following] for following in _following(here)]
    return None


def _following(draft: Draft) -> Iterator[Draft]:
    """Scenarios to which a call goes on: as a part, or because it dials their numbers."""
    for name in draft.reachable():
        node = draft.nodes.get(name)
        inner = draft.project.scenario(node.name) if isinstance(node, ScenarioCall) else None
        if inner is not None:
            yield inner
    for _, to in _dialled(draft):
        target = answering(draft, to)
        if target is not None:
            yield target


def _same(one: Draft, other: Draft) -> bool:
    return one.file.absolute() == other.file.absolute()
