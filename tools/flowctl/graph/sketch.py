"""A graph with sizes and places: what a drawing with lines is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tools.flowctl.graph import measure
from tools.flowctl.graph.layered import Arc, Size
from tools.flowctl.graph.layout import Direction, Layout, lay_out
from tools.flowctl.graph.model import Box, Graph, Link

NAME, SMALL, LABEL = 14.0, 11.0, 11.5
"""Heights of the letters, in pixels."""

NAME_LINE, SMALL_LINE, LABEL_LINE = 18.0, 14.5, 14.0
"""Heights of the lines."""

WIDEST = 250.0
"""Pixels of a text in a box."""

LABEL_WIDEST = 150.0
PADDING = 16.0
"""Left and right of the text in a box."""

PILL = 22.0
"""Height of the small boxes at the ends."""

PILL_GAP = 12.0
"""Pixels between one and the outcomes that lead to it: room for the tip of the line."""

MANY = 24
"""With more nodes than this, far lines are drawn as jumps: a small box with the name of the node."""

FAR = 3
"""Steps towards the start that a line may lead in a large drawing."""

BUSY = 5
"""Lines that lead to one node in a large drawing; the others are jumps."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The graph as it is drawn: with jumps, their links at their small boxes. Lines of `layout` are in the order of
    `lines`; `texts` has the lines of text of each link's label, by its place in `graph.links`."""

    graph: Graph
    layout: Layout
    direction: Direction
    lines: list[Link]
    texts: dict[str, list[str]]
    """Of what hangs below a node, by its box."""
    labels: dict[int, list[str]]
    """By the number of the line."""


def sketch(graph: Graph, direction: Direction | None = None) -> Sketch:
    """Place everything. Without a direction the one whose page is nearer to that of a screen."""
    if direction is not None:
        return _sketch(graph, direction)
    down = _sketch(graph, "TB")
    if down.layout.width <= 1.6 * down.layout.height:
        return down
    across = _sketch(graph, "LR")
    return min(down, across, key=lambda found: _unlike_a_page(found.layout))


def _unlike_a_page(layout: Layout) -> float:
    return max(layout.width / layout.height, layout.height / layout.width)


def _sketch(graph: Graph, direction: Direction) -> Sketch:
    graph = with_jumps(graph)
    hanging_boxes = {name: box for name, box in graph.boxes.items() if box.kind not in ("node", "entry")}
    lines = [link for link in graph.links if link.target not in hanging_boxes]
    labels = {number: text for number, link in enumerate(lines) if (text := _label(link))}
    texts = {link.target: _label(link) for link in graph.links if link.target in hanging_boxes}

    def turned(width: float, height: float) -> Size:
        return Size(width, height) if direction == "TB" else Size(height, width)

    nodes = {name: turned(*box_size(box)) for name, box in _entries_first(graph).items() if name not in hanging_boxes}
    arcs = [
        Arc(link.source, link.target, turned(*_text_size(labels[number])) if number in labels else None)
        for number, link in enumerate(lines)
    ]
    hanging = {}
    for link in graph.links:
        if link.target in hanging_boxes:
            size = turned(*_hanging_size(hanging_boxes[link.target], texts[link.target], direction))
            hanging[link.target] = (link.source, size)
    return Sketch(graph, lay_out(nodes, arcs, hanging, direction), direction, lines, texts, labels)


def _hanging_size(box: Box, lines: list[str], direction: Direction) -> tuple[float, float]:
    """Room for outcomes and the small box to which they lead: below them, or beside them when lines run across."""
    width, height = _text_size(lines)
    gap = PILL_GAP if lines else 0.0
    if direction == "TB":
        return max(width, pill_width(box)), height + gap + PILL
    return (width if lines else 0.0) + gap + pill_width(box), max(height, PILL)


def _entries_first(graph: Graph) -> dict[str, Box]:
    """The layout begins with what comes first."""
    return dict(sorted(graph.boxes.items(), key=lambda pair: (pair[1].kind != "entry", pair[0] != "entry:start")))


def _label(link: Link) -> list[str]:
    words = [label.counted for label in link.labels if label.counted]
    return measure.wrap(words, LABEL, LABEL_WIDEST)


def _text_size(lines: list[str]) -> tuple[float, float]:
    widest = max((measure.width(line, LABEL) for line in lines), default=0.0)
    return widest + 6, len(lines) * LABEL_LINE + (2 if lines else 0)


def pill_width(box: Box) -> float:
    """Width of a small box at an end."""
    return measure.width(pill_text(box), SMALL, bold=True) + 22


def pill_text(box: Box) -> str:
    """What is written in a small box at an end."""
    text = {"jump": f"→ {box.name}", "missing": f"? {box.name}"}.get(box.kind, box.name)
    return measure.fit(text, SMALL, WIDEST, bold=True)


def box_size(box: Box) -> tuple[float, float]:
    """Width and height of a node, or of where a call enters."""
    texts = [
        measure.width(measure.fit(box.name, NAME, WIDEST, bold=True), NAME, bold=True),
        measure.width(head(box), SMALL),
        *(measure.width(measure.fit(line, SMALL, WIDEST), SMALL) for line in box.lines),
    ]
    lines = SMALL_LINE * (len(box.lines) + (1 if head(box) else 0))
    return max(96.0, max(texts) + 2 * PADDING), NAME_LINE + lines + 14


def head(box: Box) -> str:
    """The small line above the name."""
    marks = ["no path leads here"] if box.unreachable else []
    counted = [] if box.count is None else [f"×{box.count}"]
    return " · ".join([*([box.type] if box.type else []), *counted, *marks])


def with_jumps(graph: Graph) -> Graph:
    """The graph with a small box in the place of each link that would be hard to follow: to the node itself, and in
    large graphs far ones and all but a few of those to one node. What first leads to a node stays a line."""
    nodes = [name for name, box in _entries_first(graph).items() if box.kind in ("node", "entry")]
    inner = [link for link in graph.links if graph.boxes[link.target].kind == "node" and link.source != link.target]
    large = len(nodes) > MANY
    steps, first = _walk(nodes, inner)
    into: dict[str, int] = {}
    for link in inner:
        into[link.target] = into.get(link.target, 0) + 1
    boxes, links = dict(graph.boxes), []
    for link in graph.links:
        target = graph.boxes[link.target]
        # A walk breadth first never goes down by more than a step, so what is far leads back, or across.
        far = target.kind == "node" and steps[link.source] - steps[link.target] > FAR
        busy = into.get(link.target, 0) > BUSY
        if link.target == link.source or (large and (far or busy) and id(link) not in first):
            key = f"jump:{link.source}:{link.target}:{link.error}:{link.walked}"
            boxes[key] = Box(key, "jump", target.name, family=target.family, line=target.line)
            links.append(replace(link, target=key))
        else:
            links.append(link)
    return replace(graph, boxes=boxes, links=links)


def _walk(nodes: list[str], links: list[Link]) -> tuple[dict[str, int], set[int]]:
    """A walk breadth first from each node that was not met before: in how many steps it comes to a node, and by
    which links (their `id`)."""
    targets: dict[str, list[Link]] = {name: [] for name in nodes}
    for link in links:
        targets[link.source].append(link)
    steps: dict[str, int] = {}
    first: set[int] = set()
    for root in nodes:
        waiting = [root] if root not in steps else []
        steps.setdefault(root, 0)
        for name in waiting:
            for link in targets[name]:
                if link.target not in steps:
                    steps[link.target] = steps[name] + 1
                    first.add(id(link))
                    waiting.append(link.target)
    return steps, first
