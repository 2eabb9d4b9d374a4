"""Where the cells of each layer stand across it: near their neighbours, long arcs straight, nothing on another."""

from __future__ import annotations

from dataclasses import dataclass

from tools.flowctl.graph.layered import Cell, Layers

GAP = 22.0
"""Pixels between two boxes of a layer."""

LINE_GAP = 12.0
"""Pixels between a line and what is beside it."""

SWEEPS = 40
PORT = 30.0
"""Pixels between two lines at a box, where it is wide enough."""


@dataclass(slots=True)
class Ports:
    """How far from the middle of a cell the line to another one leaves it: (cell, other) → pixels; several lines
    between two cells cannot be, since one piece of an arc is between them."""

    below: dict[tuple[str, str], float]
    above: dict[tuple[str, str], float]


def place(layers: Layers) -> Ports:
    """Give each cell its `x`; returns where the lines leave the cells."""
    ports = _ports(layers)
    cells = layers.cells
    for row in layers.rows:
        at = 0.0
        for key in row:
            cells[key].x = at + cells[key].size.across / 2
            at += cells[key].size.across + GAP
    for sweep in range(SWEEPS):
        rows = layers.rows if sweep % 2 == 0 else reversed(layers.rows)
        both = sweep >= SWEEPS - 8
        for row in rows:
            _settle(row, cells, ports, above=both or sweep % 2 == 0, below=both or sweep % 2 == 1)
    for _ in range(2):
        for chain in layers.chains:
            _straighten(chain, layers, ports)
    left = min((cell.x - cell.size.across / 2 for cell in cells.values()), default=0.0)
    for cell in cells.values():
        cell.x -= left
    return ports


def _ports(layers: Layers) -> Ports:
    """Lines leave a box side by side, in the order of what they lead to."""
    ports = Ports({}, {})
    for index, row in enumerate(layers.rows):
        for key in row:
            cell = layers.cells[key]
            for near, other, found in (
                (cell.below, index + 1, ports.below),
                (cell.above, index - 1, ports.above),
            ):
                places = {name: at for at, name in enumerate(layers.rows[other])} if near else {}
                step = min(PORT, (cell.size.across - 16) / max(1, len(near))) if cell.arc is None else 0.0
                for at, name in enumerate(sorted(near, key=places.__getitem__)):
                    found[key, name] = (at - (len(near) - 1) / 2) * step
    return ports


def _apart(left: Cell, right: Cell) -> float:
    """Pixels between the middles of two neighbours, at least."""
    line = (left.arc is not None and left.size.depth == 0) or (right.arc is not None and right.size.depth == 0)
    return (left.size.across + right.size.across) / 2 + (LINE_GAP if line else GAP)


def _weight(cell: Cell, other: Cell) -> float:
    """How much a line wants to be straight: more when it is long."""
    if cell.arc is not None and other.arc is not None:
        return 8.0
    return 2.0 if cell.arc is not None or other.arc is not None else 1.0


def _settle(row: list[str], cells: dict[str, Cell], ports: Ports, *, above: bool, below: bool) -> None:
    """Move the cells of a row as near as can be to where their lines would be straight, in their order: an isotonic
    regression (pool adjacent violators) of the places without the room between them."""
    blocks: list[tuple[float, float, int]] = []  # where, weight, how many cells
    offsets: list[float] = []
    offset = 0.0
    for index, key in enumerate(row):
        cell = cells[key]
        if index:
            offset += _apart(cells[row[index - 1]], cell)
        offsets.append(offset)
        wanted, weight = _wanted(cell, cells, ports, above=above, below=below)
        blocks.append((wanted - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            both = last[1] + before[1]
            blocks.append(((last[0] * last[1] + before[0] * before[1]) / both, both, last[2] + before[2]))
    index = 0
    for where, _, count in blocks:
        for _ in range(count):
            cells[row[index]].x = where + offsets[index]
            index += 1


def _wanted(cell: Cell, cells: dict[str, Cell], ports: Ports, *, above: bool, below: bool) -> tuple[float, float]:
    total, weights = cell.x * 0.01, 0.01
    for near, mine, theirs, used in (
        (cell.above, ports.above, ports.below, above),
        (cell.below, ports.below, ports.above, below),
    ):
        for name in near if used else ():
            other = cells[name]
            weight = _weight(cell, other)
            total += weight * (other.x + theirs[name, cell.key] - mine[cell.key, name])
            weights += weight
    return total / weights, weights


def _straighten(chain: list[str], layers: Layers, ports: Ports) -> None:
    """Put the pieces of an arc below each other as far as the room beside them allows."""
    pieces = chain[1:-1]
    cells = layers.cells
    start = cells[chain[0]].x + ports.below[chain[0], pieces[0]]
    end = cells[chain[-1]].x + ports.above[chain[-1], pieces[-1]]
    rooms = [_room(key, layers) for key in pieces]
    index = 0
    while index < len(pieces):
        low, high = rooms[index]
        last = index
        while last + 1 < len(pieces) and max(low, rooms[last + 1][0]) <= min(high, rooms[last + 1][1]):
            last += 1
            low, high = max(low, rooms[last][0]), min(high, rooms[last][1])
        run = pieces[index : last + 1]
        mean = sum(cells[key].x for key in run) / len(run)
        ends = [x for x, near in ((start, index == 0), (end, last == len(pieces) - 1)) if near and low <= x <= high]
        x = min(ends, key=lambda place: abs(place - mean)) if ends else min(max(mean, low), high)
        for key in run:
            cells[key].x = x
        index = last + 1


def _room(key: str, layers: Layers) -> tuple[float, float]:
    """Between which places a cell may stand, its neighbours staying where they are."""
    row = layers.rows[layers.row_of[key]]
    at = row.index(key)
    cells = layers.cells
    low = cells[row[at - 1]].x + _apart(cells[row[at - 1]], cells[key]) if at else -1e6
    high = cells[row[at + 1]].x - _apart(cells[key], cells[row[at + 1]]) if at + 1 < len(row) else 1e6
    return min(low, cells[key].x), max(high, cells[key].x)
