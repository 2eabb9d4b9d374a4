"""From boxes and arcs to places and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.flowctl.graph.layered import Arc, Layers, Size, make_layers
from tools.flowctl.graph.order import reduce_crossings
from tools.flowctl.graph.place import Ports, place

Direction = Literal["TB", "LR"]
Point = tuple[float, float]

GAP = 15.0
"""Pixels between two layers, at least."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Area) -> bool:
        """True when the two have more than a border in common."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is. Lines run from the source to the target: straight from point 0 to 1, curved from 1 to 2,
    straight again to 3, and so on. `labels` has the arcs that have one, by their number."""

    width: float
    height: float
    areas: dict[str, Area]
    lines: list[list[Point]]
    labels: dict[int, Area]
    hangers: dict[str, list[Point]]
    """Lines to what hangs below a node."""
    crossings: int


def lay_out(
    nodes: dict[str, Size], arcs: list[Arc], hanging: dict[str, tuple[str, Size]], direction: Direction = "TB"
) -> Layout:
    """Place boxes and lines, layers below each other or (LR) beside each other. Sizes are as in `Size`, across the
    layer and in depth; the result has x to the right and y down in both cases."""
    layers = make_layers(nodes, arcs, hanging)
    crossed = reduce_crossings(layers)
    ports = place(layers)
    tops, depths = _bands(layers, ports)
    areas: dict[str, Area] = {}
    for row, keys in enumerate(layers.rows):
        for key in keys:
            cell = layers.cells[key]
            # Boxes stand in the middle of their layer, what is between two layers of boxes at its beginning.
            free = (depths[row] - cell.size.depth) / 2 if row % 2 == 0 else 0.0
            x, y = cell.x - cell.size.across / 2, tops[row] + free
            areas[key] = Area(x, y, cell.size.across, cell.size.depth)
    lines = [_line(chain, layers, areas, ports, tops, depths) for chain in layers.chains]
    for number, up in enumerate(layers.reversed):
        if up:
            lines[number].reverse()
    hangers = {key: _line([node, key], layers, areas, ports, tops, depths) for key, (node, _) in hanging.items()}
    labels = {}
    for number, (arc, chain) in enumerate(zip(arcs, layers.chains, strict=True)):
        if arc.label is not None:
            labels[number] = areas[chain[-2] if layers.reversed[number] else chain[1]]
    width = max((area.x + area.width for area in areas.values()), default=0.0)
    height = tops[-1] + depths[-1] if tops else 0.0
    shown = {key: areas[key] for key in (*nodes, *hanging)}
    found = Layout(width, height, shown, lines, labels, hangers, crossed)
    return found if direction == "TB" else _turned(found)


def _bands(layers: Layers, ports: Ports) -> tuple[list[float], list[float]]:
    """Top and depth of each layer. The farther its lines run aside, the more room is below a layer."""
    tops, depths, y = [], [], 0.0
    for row in layers.rows:
        depth = max((layers.cells[key].size.depth for key in row), default=0.0)
        tops.append(y)
        depths.append(depth)
        aside = 0.0
        for key in row:
            for other in layers.cells[key].below:
                x = layers.cells[key].x + ports.below[key, other]
                aside = max(aside, abs(x - layers.cells[other].x - ports.above[other, key]))
        if any(layers.cells[key].below for key in row):
            y += depth + GAP + min(45.0, aside * 0.1)
        else:
            y += depth
    return tops, depths


def _line(
    chain: list[str], layers: Layers, areas: dict[str, Area], ports: Ports, tops: list[float], depths: list[float]
) -> list[Point]:
    """The points of an arc, downwards. In a layer it runs straight down, so that it touches nothing there."""
    points: list[Point] = []
    for index, key in enumerate(chain):
        cell, area, row = layers.cells[key], areas[key], layers.row_of[key]
        if index:
            x = cell.x + ports.above[key, chain[index - 1]]
            points += [(x, tops[row]), (x, area.y)] if index == len(chain) - 1 else [(x, tops[row])]
        if index < len(chain) - 1:
            x = cell.x + ports.below[key, chain[index + 1]]
            bottom = tops[row] + depths[row]
            points += [(x, bottom)] if index else [(x, area.y + area.height), (x, bottom)]
    return points


def _turned(layout: Layout) -> Layout:
    """The same with x and y exchanged."""

    def turn(area: Area) -> Area:
        return Area(area.y, area.x, area.height, area.width)

    return Layout(
        layout.height,
        layout.width,
        {key: turn(area) for key, area in layout.areas.items()},
        [[(y, x) for x, y in line] for line in layout.lines],
        {number: turn(area) for number, area in layout.labels.items()},
        {key: [(y, x) for x, y in line] for key, line in layout.hangers.items()},
        layout.crossings,
    )
