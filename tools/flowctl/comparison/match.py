"""Which node of the new file is which of the old one, whatever it is called now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.nodes.base import END
from tools.flowctl.comparison.flow import ROOT, Flow, signature


@dataclass(frozen=True)
class Match:
    """`new_of`: old name → new name. `same`: (old, new) nodes from which everything goes on the same for a caller."""

    new_of: dict[str, str]
    old_class: dict[str, int]
    new_class: dict[str, int]

    def same(self, old: str, new: str) -> bool:
        """True when a caller notices no difference between being led to the one and to the other: it is the same
        node, or one with the same content and the same ways."""
        return self.new_of.get(old) == new or self.old_class.get(old) == self.new_class.get(new)


def match(old: Flow, new: Flow) -> Match:
    """Pair the nodes of two flows: those that behave alike first, then those with one name and type, then those
    with one content, at last those with one type at the same place."""
    old_class, new_class = _classes(old, new)
    found = Match({ROOT: ROOT, END: END}, old_class, new_class)
    pairs = _Pairs(old, new, found.new_of)
    pairs.take(a for a in old.nodes if a in new.nodes and old_class[a] == new_class[a])
    pairs.take_pairs((a, b) for a in old.nodes for b in new.nodes if old_class[a] == new_class[b])
    pairs.take(a for a in old.nodes if a in new.nodes and old.nodes[a].type == new.nodes[a].type)
    old_text = {name: signature(node) for name, node in old.nodes.items()}
    new_text = {name: signature(node) for name, node in new.nodes.items()}
    while alike := [(a, b) for a in pairs.old_left() for b in pairs.new_left() if old_text[a] == new_text[b]]:
        pairs.take_pairs([max(alike, key=lambda pair: pairs.neighbours(*pair))])
    while placed := next(pairs.at_the_same_place(), None):
        pairs.take_pairs([placed])
    return found


class _Pairs:
    """The pairs so far."""

    def __init__(self, old: Flow, new: Flow, new_of: dict[str, str]) -> None:
        self.old, self.new, self.new_of = old, new, new_of
        self.taken = set(new_of.values())

    def take(self, names: Iterator[str]) -> None:
        """Nodes that kept their name."""
        self.take_pairs((name, name) for name in names)

    def take_pairs(self, pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> None:
        """Pairs of which neither side is taken."""
        for old, new in pairs:
            if old not in self.new_of and new not in self.taken:
                self.new_of[old] = new
                self.taken.add(new)

    def old_left(self) -> list[str]:
        """Nodes of the old file without a partner."""
        return [name for name in self.old.nodes if name not in self.new_of]

    def new_left(self) -> list[str]:
        """Nodes of the new file without a partner."""
        return [name for name in self.new.nodes if name not in self.taken]

    def neighbours(self, old: str, new: str) -> int:
        """How many ways into and out of two nodes are the same ways."""
        theirs = self.new.ways[new]
        after = sum(
            key in theirs and self.new_of.get(way.target) == theirs[key].target
            for key, way in self.old.ways[old].items()
        )
        before = {
            (self.new_of.get(name), key)
            for name, ways in self.old.ways.items()
            for key, way in ways.items()
            if way.target == old
        }
        return after + sum(
            (name, key) in before
            for name, ways in self.new.ways.items()
            for key, way in ways.items()
            if way.target == new
        )

    def at_the_same_place(self) -> Iterator[tuple[str, str]]:
        """Nodes of one type without partners to which the same way of the same node leads."""
        for before, after in list(self.new_of.items()):
            for key, way in self.old.ways.get(before, {}).items():
                other = self.new.ways.get(after, {}).get(key)
                if other is None or way.target in self.new_of or other.target in self.taken:
                    continue
                if self.old.nodes[way.target].type == self.new.nodes[other.target].type:
                    yield way.target, other.target


def _classes(old: Flow, new: Flow) -> tuple[dict[str, int], dict[str, int]]:
    """The coarsest classes of nodes of both flows that a caller cannot tell apart: same content, and by the same
    ways to the same classes (partition refinement)."""
    flows = (old, new)
    texts = [{**{name: signature(node) for name, node in flow.nodes.items()}, END: END} for flow in flows]
    classes = _numbered(texts)
    count = 0
    while (found := len({number for side in classes for number in side.values()})) != count:
        count = found
        texts = [
            {name: f"{number} {_led(flow, name, side)}" for name, number in side.items()}
            for flow, side in zip(flows, classes, strict=True)
        ]
        classes = _numbered(texts)
    return classes[0], classes[1]


def _led(flow: Flow, name: str, classes: dict[str, int]) -> str:
    ways = [f"{way.key}→{classes.get(way.target)}" for way in flow.ways.get(name, {}).values()]
    # The order of a branch's conditions is part of what it does; that of other ways is not.
    branch = name in flow.nodes and flow.nodes[name].type == "branch"
    return "|".join(ways if branch else sorted(ways))


def _numbered(texts: list[dict[str, str]]) -> list[dict[str, int]]:
    numbers: dict[str, int] = {}
    return [{name: numbers.setdefault(text, len(numbers)) for name, text in side.items()} for side in texts]
