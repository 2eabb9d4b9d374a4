"""A drawing for Mermaid, which many pages of Markdown show (https://mermaid.js.org/syntax/flowchart.html)."""

from __future__ import annotations

import json

from tools.flowctl.graph.dot import title
from tools.flowctl.graph.model import Box, Graph, Link

_SHAPES = {
    "entry": ("([", "])"),
    "speech": ("(", ")"),
    "input": ("{{", "}}"),
    "decision": ("{", "}"),
    "people": ("[[", "]]"),
    "message": ("[(", ")]"),
    "outside": ("[/", "/]"),
    "scenario": ("[[", "]]"),
    "end": ("([", "])"),
    "unknown": ("[", "]"),
}
_CLASSES = (
    "classDef missing stroke:#c62828,stroke-dasharray:4 3",
    "classDef unreachable stroke:#b26a00,stroke-dasharray:4 3",
    "classDef walked stroke:#1b7f3b,stroke-width:3px",
    "classDef unwalked stroke:#c62828,stroke-dasharray:6 4",
)


def to_mermaid(graph: Graph, direction: str = "TB") -> str:
    """The text of a Mermaid flowchart. Boxes are numbered, since names may be words of Mermaid, such as `end`."""
    ids = {key: f"n{number}" for number, key in enumerate(graph.boxes)}
    lines = ["---", f"title: {_yaml(title(graph))}", "---", f"flowchart {direction}"]
    for key, box in graph.boxes.items():
        begin, close = _SHAPES[box.family]
        lines.append(f"  {ids[key]}{begin}{_quoted(*_lines(box))}{close}{_class(box)}")
    lines += [f"  {ids[link.source]} {_arrow(link)} {ids[link.target]}" for link in graph.links]
    for number, link in enumerate(graph.links):
        if link.walked is not None:
            colour = "stroke:#1b7f3b,stroke-width:3px" if link.walked else "stroke:#c62828,stroke-dasharray:6 4"
            lines.append(f"  linkStyle {number} {colour}")
    return "\n".join([*lines, *(f"  {line}" for line in _CLASSES), ""])


def _yaml(text: str) -> str:
    """A quoted text of YAML, in which the title stands."""
    return json.dumps("".join(c if c.isprintable() else " " for c in text), ensure_ascii=False)


def _quoted(*lines: str) -> str:
    """A quoted text, whatever is in it."""
    return '"' + "<br/>".join("".join(map(_safe, line)) for line in lines) + '"'


def _safe(character: str) -> str:
    if character.isprintable() and (character.isalnum() or character in " _.,:;+-=/()'×%·“”…€→?!"):
        return character
    return f"#{ord(character)};" if character.isprintable() else " "


def _lines(box: Box) -> list[str]:
    counted = "" if box.count is None else f" ×{box.count}"
    marks = ["no path leads here"] if box.unreachable else []
    return [*([box.type + counted] if box.type else []), box.name, *box.lines, *marks]


def _class(box: Box) -> str:
    if box.kind in ("missing", "unwired") or (box.kind == "node" and box.family == "unknown"):
        return ":::missing"
    if box.unreachable:
        return ":::unreachable"
    if box.count is not None:
        return ":::walked" if box.count else ":::unwalked"
    return ""


def _arrow(link: Link) -> str:
    words = [label.counted for label in link.labels if label.counted]
    arrow = "-.->" if link.error or link.implicit else "-->"
    return f"{arrow}|{_quoted(', '.join(words))}|" if words else arrow
