"""What is drawn of a scenario: boxes, and links with the outcomes that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from engine.nodes.base import END, Edge, Node
from engine.scenario.draft import Draft, UnknownNode
from engine.scenario.rules.e1005_unwired import unwired
from tools.flowctl.graph import words
from tools.flowctl.graph.details import details

Family = Literal["entry", "speech", "input", "decision", "people", "message", "outside", "scenario", "end", "unknown"]
BoxKind = Literal["node", "entry", "end", "missing", "unwired", "jump"]

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("play", "wait", "answer", "language"), "speech"),
    **dict.fromkeys(("menu", "collect"), "input"),
    **dict.fromkeys(("hours", "branch", "set", "loop"), "decision"),
    **dict.fromkeys(("agent_search", "bridge", "transfer", "switchboard"), "people"),
    **dict.fromkeys(("voicemail", "mailbox", "record"), "message"),
    **dict.fromkeys(("lookup", "http", "email", "alert"), "outside"),
    **dict.fromkeys(("scenario", "return"), "scenario"),
    **dict.fromkeys(("hangup", "reject"), "end"),
}
CONDITION = 30
"""Characters of a condition that are drawn."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box. `id` is unique; `name` is its bold line, `type` the small one above, `lines` those below.

    `unreachable`: no call enters it. `count`: calls that entered it, when there is coverage.
    """

    id: str
    kind: BoxKind
    name: str
    type: str = ""
    family: Family = "unknown"
    lines: tuple[str, ...] = ()
    line: int = 0
    unreachable: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """One outcome of a link. `key` is its name in paths and coverage; `text` is what is drawn, `full` all of it."""

    key: str
    text: str
    full: str
    count: int | None = None

    @property
    def counted(self) -> str:
        """The text, with how often it was taken if it was."""
        return f"{self.text} ({self.count})".strip() if self.count else self.text


@dataclass(frozen=True, slots=True)
class Link:
    """The outcomes that lead from one box to another. `error`: taken when something fails. `implicit`: not wired,
    so that the call ends there."""

    source: str
    target: str
    labels: tuple[Label, ...]
    error: bool = False
    implicit: bool = False

    @property
    def walked(self) -> bool | None:
        """Some call took it; None without coverage."""
        counts = [label.count for label in self.labels if label.count is not None]
        return any(counts) if counts else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a scenario tests walk."""

    entered: int
    nodes: int
    taken: int
    outcomes: int

    @property
    def percent(self) -> float:
        """Nodes and outcomes that were walked, of 100; cut, so that 100 is all of them."""
        return (self.entered + self.taken) * 1000 // max(1, self.nodes + self.outcomes) / 10

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.entered} of {self.nodes} nodes, {self.taken} of {self.outcomes} outcomes"


@dataclass(frozen=True, slots=True)
class Graph:
    """What is drawn, boxes and links in the order of the file."""

    name: str
    description: str
    boxes: dict[str, Box]
    links: list[Link]
    coverage: Coverage | None = None

    def targets(self) -> dict[str, list[Link]]:
        """The links out of each box."""
        found: dict[str, list[Link]] = {name: [] for name in self.boxes}
        for link in self.links:
            found[link.source].append(link)
        return found


def node_id(name: str) -> str:
    """Id of the box of a node."""
    return f"node:{name}"


@dataclass(slots=True)
class _Maker:
    draft: Draft
    boxes: dict[str, Box] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


def make_graph(draft: Draft) -> Graph:
    """The graph of a scenario, with mistakes or without. `end` has a box for each node that leads to it, and so has
    what is missing: a small one below is easier to follow than a long line."""
    maker = _Maker(draft)
    scenario = draft.scenario
    _entry(maker, "start", _numbers(scenario.did), scenario.start)
    reachable = draft.reachable()
    for name in draft.names:
        box = _node_box(draft, name)
        maker.boxes[box.id] = replace(box, unreachable=name not in reachable)
    for name in draft.names:
        node = draft.nodes.get(name)
        if node is not None:
            _ways_out(maker, name, node)
    _entry(maker, "on_error", "when a node fails", scenario.on_error)
    name = scenario.name if isinstance(scenario.name, str) else Path(draft.file).stem
    return Graph(name, scenario.description or "", maker.boxes, maker.links)


def _numbers(did: list[str] | None) -> str:
    return words.cut(", ".join(map(str, did or ())), 34)


def _entry(maker: _Maker, key: str, line: str, target: str | None) -> None:
    if target is None:
        return
    box = Box(f"entry:{key}", "entry", key, "", "entry", (line,) if line else (), _line(maker.draft, (key,)))
    maker.boxes[box.id] = box
    label = Label(key, "", "")
    _link(maker, box.id, target, [label] if key == "on_error" else [], error=key == "on_error")


def _line(draft: Draft, path: tuple[str | int, ...]) -> int:
    return draft.document.key_span(path).line


def _node_box(draft: Draft, name: str) -> Box:
    node = draft.nodes.get(name)
    line = _line(draft, ("nodes", name))
    if node is None or isinstance(node, UnknownNode):
        raw = draft.document.data["nodes"][name]
        kind = raw.get("type") if isinstance(raw, dict) else None
        return Box(node_id(name), "node", name, f"{kind}?" if isinstance(kind, str) else "no type", line=line)
    family = FAMILIES.get(node.type, "unknown")
    return Box(node_id(name), "node", name, node.type, family, details(node), line)


def _ways_out(maker: _Maker, name: str, node: Node) -> None:
    """The links of one node, one for each target; those of `error` apart."""
    groups: dict[tuple[str, bool], list[Label]] = {}
    for edge in node.edges():
        if isinstance(edge.target, str):
            groups.setdefault((edge.target, edge.outcome == "error"), []).append(_label(edge))
    for (target, error), labels in groups.items():
        _link(maker, node_id(name), target, labels, error=error)
    if name not in maker.draft.doubtful:
        missing = unwired(maker.draft, node)
        lenient = [outcome for outcome in missing if outcome in node.lenient]
        _loose(maker, name, [outcome for outcome in missing if outcome not in node.lenient], "unwired")
        _loose(maker, name, lenient, "end")


def _loose(maker: _Maker, name: str, outcomes: list[str], kind: Literal["unwired", "end"]) -> None:
    if not outcomes:
        return
    text = "leads nowhere" if kind == "unwired" else "end"
    box = Box(f"{kind}-implicit:{name}", kind, text, family="end")
    maker.boxes[box.id] = box
    labels = tuple(Label(outcome, outcome, outcome) for outcome in outcomes)
    maker.links.append(Link(node_id(name), box.id, labels, implicit=True))


def _label(edge: Edge) -> Label:
    key = edge.label or edge.outcome
    if edge.when is not None:
        return Label(key, words.cut(edge.when, CONDITION), f"{key}: {edge.when}")
    if edge.label == "default":
        return Label(key, "else", "else")
    text = "" if key == "next" else key
    return Label(key, text, text)


def _link(maker: _Maker, source: str, target: str, labels: list[Label], *, error: bool) -> None:
    if target in maker.draft.names:
        found = node_id(target)
    else:
        kind: BoxKind = "end" if target == END else "missing"
        found = f"{kind}:{'error:' if error else ''}{target}:{source}"
        maker.boxes[found] = Box(found, kind, target, family="end")
    maker.links.append(Link(source, found, tuple(labels), error=error))
