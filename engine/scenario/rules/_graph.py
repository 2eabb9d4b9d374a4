"""The graph of a scenario: which ways lead where, which of them a call can take at once, and its circles."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.nodes.base import Edge, Node
from engine.nodes.return_ import Return
from engine.nodes.scenario import ScenarioCall
from engine.nodes.wait import Wait
from engine.scenario.draft import Draft, UnknownNode

Graph = Mapping[str, Collection[str]]
"""Node → the nodes that follow it, without `end`. Every node is a key."""


def known_edges(draft: Draft, name: str) -> Iterator[Edge]:
    """The ways from a node to others that exist; none from a node of which nobody can tell where it leads."""
    node = draft.nodes[name]
    if name not in draft.doubtful and not isinstance(node, UnknownNode):
        yield from (edge for edge in node.edges() if edge.target in draft.nodes)


def entered(draft: Draft) -> Collection[str]:
    """Nodes that a call may enter; all of them when nobody can tell where it starts."""
    return draft.nodes if "start" in draft.unsound else draft.reachable()


def is_counted(node: Node, edge: Edge) -> bool:
    """True for the way that a `loop` allows a certain number of times only."""
    return node.type == "loop" and edge.outcome == "again"


def immediate_graph(draft: Draft) -> dict[str, list[str]]:
    """The ways that take neither a key, nor time, nor one of the turns that a `loop` counts."""
    # Scenarios that call one another in a circle are looked into once; they are E1008's.
    return _immediate_graph(draft, {draft.scenario.name: set()})


def _immediate_graph(draft: Draft, returns: dict[str, set[str]]) -> dict[str, list[str]]:
    return {
        name: [edge.target for edge in known_edges(draft, name) if _at_once(draft, node, edge, returns)]
        for name, node in draft.nodes.items()
    }


def _at_once(draft: Draft, node: Node, edge: Edge, returns: dict[str, set[str]]) -> bool:
    if edge.outcome == "error":
        # A node that fails does not wait first.
        return True
    if isinstance(node, ScenarioCall):
        if node.name not in returns:
            returns[node.name] = set()
            returns[node.name] = _returned_at_once(draft.project.scenario(node.name), returns)
        return edge.outcome in returns[node.name]
    if isinstance(node, Wait):
        return node.duration == 0
    if node.takes_input or node.pauses:
        return edge.outcome in node.immediate
    return not is_counted(node, edge)


def _returned_at_once(theirs: Draft | None, returns: dict[str, set[str]]) -> set[str]:
    """Outcomes with which a sub-scenario may come back without having waited."""
    if theirs is None or theirs.scenario.start not in theirs.nodes:
        return set()
    passed = reach(_immediate_graph(theirs, returns), [theirs.scenario.start])
    return {node.outcome for name in passed if isinstance(node := theirs.nodes[name], Return)}


def reach(graph: Graph, roots: Iterable[str]) -> set[str]:
    """The nodes to which some nodes lead, and these."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found


def tangles(graph: Graph) -> list[list[str]]:
    """The groups of nodes that all lead to one another, each in the order of the graph's keys; a node alone is one
    when it leads to itself. Linear in the size of the graph."""
    order = {name: index for index, name in enumerate(graph)}
    groups = [sorted(group, key=order.__getitem__) for group in _components(graph)]
    found = [group for group in groups if len(group) > 1 or group[0] in graph[group[0]]]
    return sorted(found, key=lambda group: order[group[0]])


def _components(graph: Graph) -> Iterator[list[str]]:
    """Strongly connected components, after Tarjan; without recursion, so that depth is no limit."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        while work:
            name, targets = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
                on_stack.add(name)
            for target in targets:
                if target not in index:
                    work.append((target, iter(graph[target])))
                    break
                if target in on_stack:
                    low[name] = min(low[name], low[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(stack.pop())
                    on_stack.difference_update(group)
                    yield group


def circle(graph: Graph, name: str) -> list[str]:
    """The shortest way from a node back to it: the nodes on it, that one first. The node lies on a circle."""
    before: dict[str, str] = {}
    waiting = deque([name])
    while name not in before:
        here = waiting.popleft()
        for target in graph[here]:
            if target not in before:
                before[target] = here
                waiting.append(target)
    way = [name]
    while before[way[-1]] != name:
        way.append(before[way[-1]])
    return [name, *reversed(way[1:])]


def in_words(way: list[str]) -> str:
    """A circle as a message shows it: `a → b → a`; the middle of a long one is left out."""
    shown = way if len(way) <= LONGEST else [*way[: LONGEST - 2], "…", way[-1]]
    return f"`{' → '.join([*shown, way[0]])}`"


LONGEST = 8
"""Nodes of a circle that a message names."""
