"""The layout of drawings: nothing on anything else, lines that arrive, few crossings."""

from __future__ import annotations

import random
import time
from itertools import combinations, pairwise

import pytest

from tools.flowctl.graph.layered import Arc, Size, rank
from tools.flowctl.graph.layout import Area, Direction, Layout, Point, lay_out

BOX = Size(120, 60)
LABEL = Size(50, 16)


def draw(
    arcs: list[tuple[str, str]], *, direction: Direction = "TB", hanging: dict[str, str] | None = None
) -> tuple[Layout, list[Arc]]:
    """Every second arc has a label."""
    names = list(dict.fromkeys(name for arc in arcs for name in arc))
    made = [Arc(a, b, LABEL if number % 2 else None) for number, (a, b) in enumerate(arcs)]
    hung = {key: (node, Size(60, 40)) for key, node in (hanging or {}).items()}
    return lay_out(dict.fromkeys(names, BOX), made, hung, direction), made


def on_line(points: list[Point]) -> list[Point]:
    """Points along a drawn line: straight, bent, straight, …; a bend keeps between the places of its ends."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(points):
        found += [(x0 + (x1 - x0) * step / 10, y0 + (y1 - y0) * step / 10) for step in range(11)]
    return found


def inside(point: Point, area: Area) -> bool:
    return (
        area.x + 0.5 < point[0] < area.x + area.width - 0.5 and area.y + 0.5 < point[1] < area.y + area.height - 0.5
    )


def touches(point: Point, area: Area) -> bool:
    x, y = point
    near_x, near_y = (
        min(abs(x - area.x), abs(x - area.x - area.width)),
        min(abs(y - area.y), abs(y - area.y - area.height)),
    )
    in_x, in_y = area.x - 0.5 <= x <= area.x + area.width + 0.5, area.y - 0.5 <= y <= area.y + area.height + 0.5
    return in_x and in_y and min(near_x, near_y) < 0.5


def check(layout: Layout, arcs: list[Arc]) -> None:
    areas = [*layout.areas.values(), *layout.labels.values()]
    for first, second in combinations(areas, 2):
        assert not first.overlaps(second), (first, second)
    for area in areas:
        assert area.x >= -0.01
        assert area.y >= -0.01
        assert area.x + area.width <= layout.width + 0.01
        assert area.y + area.height <= layout.height + 0.01
    for number, (arc, points) in enumerate(zip(arcs, layout.lines, strict=True)):
        assert touches(points[0], layout.areas[arc.source]), arc
        assert touches(points[-1], layout.areas[arc.target]), arc
        others = [area for key, area in layout.areas.items() if key not in (arc.source, arc.target)]
        others += [area for other, area in layout.labels.items() if other != number]
        for point in on_line(points):
            assert not any(inside(point, area) for area in others), (arc, point)


CHAIN = [("a", "b"), ("b", "c"), ("c", "d")]
TREE = [("a", "b"), ("a", "c"), ("b", "d"), ("b", "e"), ("c", "f"), ("c", "g"), ("e", "h")]
DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
LONG = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e"), ("a", "d")]
LOOP = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
TWO_PARTS = [("a", "b"), ("c", "d"), ("d", "e")]
BOTH_WAYS = [("a", "b"), ("b", "a"), ("a", "b"), ("b", "c")]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(
    "arcs", [CHAIN, TREE, DIAMOND, LONG, LOOP, TWO_PARTS, BOTH_WAYS], ids=lambda arcs: str(len(arcs))
)
def test_small_planar_graphs_have_no_crossing(arcs: list[tuple[str, str]], direction: Direction) -> None:
    layout, made = draw(arcs, direction=direction)
    check(layout, made)
    assert layout.crossings == 0


def test_the_complete_bipartite_graph_has_the_one_crossing_that_it_must() -> None:
    layout, made = draw([(a, b) for a in "ab" for b in "xy"])
    check(layout, made)
    assert layout.crossings == 1


@pytest.mark.parametrize("seed", range(12))
def test_any_graph_is_drawn_without_overlaps(seed: int) -> None:
    dice = random.Random(seed)
    names = [f"n{number}" for number in range(dice.randint(4, 30))]
    arcs = [
        (a, b) for a, b in ((dice.choice(names), dice.choice(names)) for _ in range(dice.randint(4, 55))) if a != b
    ]
    used = sorted({name for arc in arcs for name in arc})
    hanging = {f"end:{name}": name for name in used if dice.random() < 0.4}
    layout, made = draw(arcs, direction=dice.choice(["TB", "LR"]), hanging=hanging)
    check(layout, made)
    for key, node in hanging.items():
        points = layout.hangers[key]
        assert touches(points[0], layout.areas[node])
        assert touches(points[-1], layout.areas[key])


def test_swaps_untangle_what_the_order_of_the_file_tangles() -> None:
    """Six to six, written in the opposite order: a drawing without any crossing exists and is found."""
    arcs = [("root", f"a{n}") for n in range(6)] + [(f"a{n}", f"b{n}") for n in range(5, -1, -1)]
    assert draw(arcs)[0].crossings == 0


def test_a_long_line_is_straight() -> None:
    layout, made = draw(LONG)
    points = layout.lines[made.index(Arc("a", "e"))]
    assert len({round(x, 1) for x, _ in points[2:-2]}) == 1


def test_a_circle_has_one_arc_that_leads_up() -> None:
    ranks, up = rank(["a", "b", "c", "d"], LOOP)
    assert (ranks, up) == ({"a": 0, "b": 1, "c": 2, "d": 3}, [False, False, True, False])
    layout, _ = draw(LOOP)
    assert layout.lines[2][0][1] > layout.lines[2][-1][1]


def test_a_node_stands_near_what_it_leads_to() -> None:
    """Not all that nothing leads to is at the top."""
    ranks, _ = rank(["a", "b", "c", "d", "late"], [*CHAIN, ("late", "d")])
    assert ranks["late"] == ranks["d"] - 1


def test_a_single_node() -> None:
    layout = lay_out({"a": BOX}, [], {"end": ("a", LABEL)})
    check(layout, [])
    assert layout.areas["end"].y > layout.areas["a"].y


def test_1500_nodes_in_a_chain_do_not_exhaust_the_stack() -> None:
    layout, made = draw([(f"n{number}", f"n{number + 1}") for number in range(1500)])
    assert layout.crossings == 0
    assert len(layout.lines) == len(made)


def test_120_nodes_with_many_circles_take_less_than_two_seconds() -> None:
    dice = random.Random(3)
    arcs = [(f"n{number // 3}", f"n{number}") for number in range(1, 120)]
    arcs += [(f"n{dice.randrange(120)}", f"n{dice.randrange(120)}") for _ in range(60)]
    before = time.perf_counter()
    layout, made = draw([(a, b) for a, b in arcs if a != b])
    assert time.perf_counter() - before < 2.0
    check(layout, made)
