"""What a scenario and those that it calls have to do with one another."""

from __future__ import annotations

from collections.abc import Iterator

from engine.nodes.return_ import Return
from engine.nodes.scenario import ScenarioCall
from engine.scenario.draft import Draft


def calls_of(draft: Draft) -> Iterator[tuple[str, ScenarioCall]]:
    """The nodes that call another scenario, with their names."""
    for name, node in draft.nodes.items():
        if isinstance(node, ScenarioCall) and node.name:
            yield name, node


def returned(theirs: Draft) -> list[str] | None:
    """The outcomes that a sub-scenario can return, in document order; None when nobody can tell, because a part of it
    is unsound."""
    if {"start", "nodes"} & theirs.unsound or any(path[0] == "nodes" for path in theirs.spoiled if path):
        return None
    reachable = theirs.reachable()
    found = [node.outcome for name, node in theirs.nodes.items() if isinstance(node, Return) and name in reachable]
    return list(dict.fromkeys(found))
