"""The order of the cells of each layer: few crossings (weighted medians and swaps, Gansner et al. 1993)."""

from __future__ import annotations

from bisect import bisect_left, insort

from tools.flowctl.graph.layered import Cell, Layers

SWEEPS = 24


def reduce_crossings(layers: Layers) -> int:
    """Order the rows so that few arcs cross; returns how many still do. Deterministic."""
    rows, cells = layers.rows, layers.cells
    _first_order(rows, cells)
    best, fewest = [list(row) for row in rows], crossings(layers)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for index in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            _by_median(rows, cells, index, down=down)
        _swap(rows, cells)
        found = crossings(layers)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    layers.rows[:] = best
    return fewest


def crossings(layers: Layers) -> int:
    """How many pairs of arcs cross between neighbouring layers."""
    total = 0
    for upper, lower in zip(layers.rows, layers.rows[1:], strict=False):
        places = {key: index for index, key in enumerate(lower)}
        seen: list[int] = []
        for key in upper:
            ends = sorted(places[other] for other in layers.cells[key].below)
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _first_order(rows: list[list[str]], cells: dict[str, Cell]) -> None:
    """The order in which a walk from the top meets the cells, which keeps the parts of a file together."""
    met: dict[str, int] = {}
    for root in [key for row in rows for key in row]:
        stack = [root] if root not in met else []
        while stack:
            key = stack.pop()
            if key not in met:
                met[key] = len(met)
                stack.extend(other for other in reversed(cells[key].below) if other not in met)
    for row in rows:
        row.sort(key=met.__getitem__)


def _by_median(rows: list[list[str]], cells: dict[str, Cell], index: int, *, down: bool) -> None:
    """Sort a row by the medians of the cells' neighbours; cells without neighbours keep their places."""
    row = rows[index]
    places = {key: place for place, key in enumerate(rows[index - 1 if down else index + 1])}
    medians = {}
    for key in row:
        near = sorted(places[other] for other in (cells[key].above if down else cells[key].below))
        if near:
            medians[key] = _median(near)
    ordered = iter(sorted((key for key in row if key in medians), key=medians.__getitem__))
    rows[index] = [next(ordered) if key in medians else key for key in row]


def _median(near: list[int]) -> float:
    middle = len(near) // 2
    if len(near) % 2:
        return near[middle]
    if len(near) == 2:
        return sum(near) / 2
    left, right = near[middle - 1] - near[0], near[-1] - near[middle]
    if left + right == 0:
        return (near[middle - 1] + near[middle]) / 2
    return (near[middle - 1] * right + near[middle] * left) / (left + right)


def _swap(rows: list[list[str]], cells: dict[str, Cell]) -> None:
    """Swap neighbours for as long as that takes crossings away."""
    for _ in range(4):
        better = False
        for index, row in enumerate(rows):
            above = {key: place for place, key in enumerate(rows[index - 1])} if index else {}
            below = {key: place for place, key in enumerate(rows[index + 1])} if index + 1 < len(rows) else {}
            near = {
                key: (sorted(above[n] for n in cells[key].above), sorted(below[n] for n in cells[key].below))
                for key in row
            }
            for place in range(len(row) - 1):
                first, second = near[row[place]], near[row[place + 1]]
                kept = _crossed(first[0], second[0]) + _crossed(first[1], second[1])
                swapped = _crossed(second[0], first[0]) + _crossed(second[1], first[1])
                if swapped < kept:
                    row[place], row[place + 1] = row[place + 1], row[place]
                    better = True
        if not better:
            break


def _crossed(left: list[int], right: list[int]) -> int:
    """Crossings of the arcs of two neighbours, the one with `left` ends on the left. Both are sorted."""
    return sum(bisect_left(right, end) for end in left)
