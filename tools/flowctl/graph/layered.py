"""The graph that a layered layout works on: cells in layers, arcs that run from layer to layer.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): break the
cycles, give every node a layer, give long arcs a cell in each layer between, order the layers, place the cells.
Here a node stands in an even layer; in the odd layers stand the labels of the arcs and what hangs below a node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Size:
    """Room that something takes: `across` its layer, and in `depth`, in pixels."""

    across: float
    depth: float


@dataclass(frozen=True, slots=True)
class Arc:
    """A line to draw between two nodes; `label` is the room for its text, nothing for none."""

    source: str
    target: str
    label: Size | None = None


@dataclass(slots=True)
class Cell:
    """A place in a layer: a node, something that hangs below one, or a piece of an arc (`arc`: its number)."""

    key: str
    size: Size
    arc: int | None = None
    x: float = 0.0
    """Middle, across the layer."""
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass
class Layers:
    """Cells by key, the order of each layer, and for each arc its cells from the upper end to the lower one."""

    cells: dict[str, Cell]
    rows: list[list[str]]
    chains: list[list[str]]
    reversed: list[bool]
    """The arc runs upwards: its source is the lower end."""

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each cell."""
        return {key: index for index, row in enumerate(self.rows) for key in row}


def make_layers(nodes: dict[str, Size], arcs: list[Arc], hanging: dict[str, tuple[str, Size]]) -> Layers:
    """The layers of a graph.

    nodes: in the order of the file, the first one is where to begin; hanging: key → the node below which it hangs,
    and its size. No arc leads from a node to itself.
    """
    ranks, up = rank(list(nodes), [(arc.source, arc.target) for arc in arcs])
    cells = {key: Cell(key, size) for key, size in nodes.items()}
    depth = 2 * max(ranks.values(), default=0) + 2
    rows: list[list[str]] = [[] for _ in range(depth)]
    for key in nodes:
        rows[2 * ranks[key]].append(key)
    chains = []
    for number, arc in enumerate(arcs):
        upper, lower = (arc.target, arc.source) if up[number] else (arc.source, arc.target)
        between = range(2 * ranks[upper] + 1, 2 * ranks[lower])
        labelled = between[-1] if up[number] else between[0]
        chain = [upper]
        for row in between:
            key = f"arc:{number}:{row}"
            size = arc.label if arc.label is not None and row == labelled else Size(6.0, 0.0)
            cells[key] = Cell(key, size, number)
            rows[row].append(key)
            chain.append(key)
        chain.append(lower)
        chains.append(chain)
    for key, (node, size) in hanging.items():
        cells[key] = Cell(key, size)
        rows[2 * ranks[node] + 1].append(key)
        _join(cells, node, key)
    for chain in chains:
        for first, second in pairwise(chain):
            _join(cells, first, second)
    return Layers(cells, rows, chains, up)


def _join(cells: dict[str, Cell], upper: str, lower: str) -> None:
    cells[upper].below.append(lower)
    cells[lower].above.append(upper)


def rank(nodes: list[str], arcs: list[tuple[str, str]]) -> tuple[dict[str, int], list[bool]]:
    """A layer for each node, so that every arc leads down, but for those that are returned as true: they close a
    circle, and lead up."""
    order = _depth_first(nodes, arcs)
    # An arc leads up when its target is still open when it is met, that is: left later than its source.
    up = [order[target] >= order[source] for source, target in arcs]
    down = [(b, a) if back else (a, b) for (a, b), back in zip(arcs, up, strict=True)]
    before: dict[str, list[str]] = {node: [] for node in nodes}
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in down:
        before[target].append(source)
        after[source].append(target)
    ranks: dict[str, int] = {}
    for node in sorted(nodes, key=lambda name: -order[name]):
        ranks[node] = max((ranks[other] + 1 for other in before[node]), default=0)
    _tighten(ranks, before, after)
    return ranks, up


def _depth_first(nodes: list[str], arcs: list[tuple[str, str]]) -> dict[str, int]:
    """Node → when a depth-first walk leaves it, so that an arc of no circle leads to what was left earlier."""
    targets: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in arcs:
        targets[source].append(target)
    left: dict[str, int] = {}
    seen: set[str] = set()
    for root in nodes:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(targets[root]))]
        while stack:
            node, waiting = stack[-1]
            found = next((name for name in waiting if name not in seen), None)
            if found is None:
                left[node] = len(left)
                stack.pop()
            else:
                seen.add(found)
                stack.append((found, iter(targets[found])))
    return left


def _tighten(ranks: dict[str, int], before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    """Move nodes to where their arcs are shorter, until no single move helps; the topmost layer is 0."""
    for _ in range(len(ranks)):
        moved = False
        for node, here in ranks.items():
            pull = len(after[node]) - len(before[node])
            if pull > 0:
                best = min(ranks[other] for other in after[node]) - 1
            elif pull < 0:
                best = max(ranks[other] for other in before[node]) + 1
            else:
                continue
            if best != here:
                ranks[node] = best
                moved = True
        if not moved:
            break
    top = min(ranks.values(), default=0)
    for node in ranks:
        ranks[node] -= top
