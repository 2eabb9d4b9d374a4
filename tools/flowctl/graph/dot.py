"""A drawing for Graphviz (the grammar: https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from tools.flowctl.graph.model import Box, Graph, Link

_SHAPES = {
    "entry": "oval",
    "speech": "box",
    "input": "hexagon",
    "decision": "diamond",
    "people": "box",
    "message": "note",
    "outside": "parallelogram",
    "scenario": "box",
    "end": "oval",
    "unknown": "box",
}
_ERROR, _WARNING, _GOOD = "#c62828", "#b26a00", "#1b7f3b"


def to_dot(graph: Graph, direction: str = "TB") -> str:
    """The text of a DOT file."""
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        f"  graph [rankdir={direction}, label={_quoted(title(graph))}, labelloc=t, fontname=Helvetica];",
        "  node [fontname=Helvetica, fontsize=11, shape=box];",
        "  edge [fontname=Helvetica, fontsize=10];",
    ]
    lines += [f"  {_quoted(key)} [{_attributes(_box(box))}];" for key, box in graph.boxes.items()]
    lines += [
        f"  {_quoted(link.source)} -> {_quoted(link.target)} [{_attributes(_link(link))}];" for link in graph.links
    ]
    return "\n".join([*lines, "}", ""])


def title(graph: Graph) -> str:
    """The name, with what tests walk of it."""
    if graph.coverage is None:
        return graph.name
    return f"{graph.name}: {graph.coverage.percent:g} % walked by tests ({graph.coverage.text})"


def _quoted(text: str) -> str:
    """A quoted string; a backslash would begin an escape in a label."""
    safe = "".join(c if c.isprintable() else " " for c in text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(lines: list[str]) -> str:
    return '"' + "\\n".join(_quoted(line)[1:-1] for line in lines) + '"'


def _attributes(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _box(box: Box) -> dict[str, str]:
    counted = "" if box.count is None else f" ×{box.count}"
    marks = ["no path leads here"] if box.unreachable else []
    texts = [*([box.type + counted] if box.type else []), box.name, *box.lines, *marks]
    values = {"label": _label(texts), "shape": _SHAPES[box.family]}
    if box.family == "people":
        values["peripheries"] = "2"
    if box.kind in ("missing", "unwired") or (box.kind == "node" and box.family == "unknown"):
        values |= {"color": _quoted(_ERROR), "style": "dashed"}
    elif box.unreachable:
        values |= {"color": _quoted(_WARNING), "style": "dashed"}
    elif box.count is not None:
        values["color"] = _quoted(_GOOD if box.count else _ERROR)
    return values


def _link(link: Link) -> dict[str, str]:
    words = [label.counted for label in link.labels if label.counted]
    values = {"label": _label([", ".join(words)])} if words else {}
    if link.error or link.walked is False:
        values |= {"style": "dashed", "color": _quoted(_ERROR)}
    elif link.implicit:
        values |= {"style": "dotted", "color": _quoted(_WARNING)}
    elif link.walked:
        values |= {"color": _quoted(_GOOD), "penwidth": "2"}
    return values
