"""What is certain to have happened when a call enters a node: forward over the graph, of several ways in what is
true on all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from engine.nodes.base import Edge, Node
from engine.nodes.return_ import Return
from engine.nodes.scenario import ScenarioCall
from engine.scenario.draft import Draft
from engine.scenario.rules._reads import reads
from engine.scenario.walk import iter_assignments

Facts = frozenset[str]
Gives = Callable[[str, Node, str], Facts]
"""(name, node, outcome) → what is true behind the node when it ends with the outcome."""


def certain(draft: Draft, at_start: Facts, gives: Gives) -> dict[str, Facts]:
    """Node → what is certain on entry to it; nodes that no call enters are left out."""
    if draft.scenario.start not in draft.nodes:
        return {}
    entry: dict[str, Facts] = {draft.scenario.start: at_start}
    waiting = deque([draft.scenario.start])
    while waiting:
        name = waiting.popleft()
        for outcome, target in ways_out(draft, name):
            facts = entry[name] | gives(name, draft.nodes[name], outcome)
            known = entry.get(target)
            facts = facts if known is None else facts & known
            if facts != known:
                entry[target] = facts
                waiting.append(target)
    return entry


def ways_out(draft: Draft, name: str) -> Iterator[tuple[str, str]]:
    """(outcome, node) of each way out of a node to another one, that of a failure to `on_error` too."""
    node = draft.nodes[name]
    edges: list[Edge] = list(node.edges())
    for edge in edges:
        if edge.target in draft.nodes:
            yield edge.outcome, edge.target
    on_error = draft.scenario.on_error
    if on_error in draft.nodes and may_fail(node) and all(edge.outcome != "error" for edge in edges):
        yield "error", str(on_error)


def may_fail(node: Node) -> bool:
    """True for a node that depends on something outside of the call, or computes with what it was given."""
    return node.outside or node.pauses or node.open_outcomes or any(True for _ in reads(node))


def way_without(draft: Draft, name: str, fact: str, gives: Gives) -> list[str]:
    """The nodes of a shortest way from the start to a node on which something does not become true, the node
    itself left out; a node has its outcome behind it where it has several."""
    start = draft.scenario.start
    came: dict[str, tuple[str, str] | None] = {start: None}
    waiting = deque([start])
    while waiting and name not in came:
        here = waiting.popleft()
        for outcome, target in ways_out(draft, here):
            if target not in came and fact not in gives(here, draft.nodes[here], outcome):
                came[target] = (here, outcome)
                waiting.append(target)
    if name == start:
        return []
    words: list[str] = []
    step = came.get(name)
    while step is not None:
        here, outcome = step
        words.append(here if outcome == "next" else f"{here} ({outcome})")
        step = came[here]
    return words[::-1]


def is_called(draft: Draft) -> bool:
    """True for a scenario that others call, or that is written for it: what calls it gives its variables values."""
    if not draft.scenario.did or any(isinstance(node, Return) for node in draft.nodes.values()):
        return True
    return any(callers(draft))


def callers(draft: Draft) -> Iterator[ScenarioCall]:
    """The nodes of the project that call a scenario."""
    for other, name in draft.project.callers.get(draft.scenario.name, ()):
        node = other.nodes[name]
        if isinstance(node, ScenarioCall):
            yield node


def values_at_start(draft: Draft) -> Facts:
    """The variables that have a value when the scenario begins."""
    variables = draft.scenario.variables
    with_default = {name for name, variable in variables.items() if variable.default is not None}
    if with_default == variables.keys() or not is_called(draft):
        return frozenset(with_default)
    return frozenset(variables)


def assigned(draft: Draft) -> Gives:
    """What each node gives a value. What it has read had a value too: without one, it failed."""

    known: dict[tuple[str, str], Facts] = {}

    def gives(name: str, node: Node, outcome: str) -> Facts:
        if (name, outcome) not in known:
            found = {
                assignment.name
                for assignment in iter_assignments(node)
                if (outcome in assignment.outcomes if assignment.outcomes is not None else outcome != "error")
                and _comes_back(draft, node, assignment.name, outcome)
            }
            if outcome != "error":
                found |= {read.name for read in reads(node)}
            known[name, outcome] = frozenset(found)
        return known[name, outcome]

    return gives


def with_values(draft: Draft) -> dict[str, Facts]:
    """Node → the variables that are certain to have a value on entry to it. Worked out once."""
    if "with_values" not in draft.worked_out:
        # A scenario that calls itself through others finds this, which is all of them.
        draft.worked_out["with_values"] = None
        draft.worked_out["with_values"] = certain(draft, values_at_start(draft), assigned(draft))
    return draft.worked_out["with_values"] or {}


def _comes_back(draft: Draft, node: Node, ours: str, outcome: str) -> bool:
    """False for an output of a sub-scenario that has no value, on some way to where it returns with the outcome."""
    if not isinstance(node, ScenarioCall) or ours not in node.outputs:
        return True
    theirs = node.outputs[ours]
    sub = draft.project.scenario(node.name)
    if sub is None or in_doubt(sub) or theirs not in sub.environment.variables:
        return True
    entries = with_values(sub)
    return all(
        theirs in entries[name]
        for name, other in sub.nodes.items()
        if isinstance(other, Return) and other.outcome == outcome and name in entries
    )


def in_doubt(draft: Draft) -> bool:
    """True when nobody can tell what the nodes assign or where they lead: part of that is missing or wrong."""
    if draft.names_in_doubt or draft.unsound & {"start", "nodes", "variables"}:
        return True
    if any(path[:1] == ("nodes",) for path in draft.spoiled):
        return True
    return any(target != "end" and target not in draft.nodes for _, target in draft.references())
