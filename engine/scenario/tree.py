"""A tree of YAML nodes → plain data and places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.nodes.base import Path
from engine.scenario.diagnostics import Span
from engine.scenario.document import Document, Duplicate, Place
from engine.scenario.events import MAX_DEPTH, Defect, YamlNode
from engine.scenario.scalars import resolve

MERGE = "<<"


def build(root: YamlNode, anchors: list[tuple[str, Span]], text: str, file: str, most: int) -> Document:
    """The document of a tree; `anchors` are those that nothing uses.
    Raises Defect for what YAML allows and a document must not have, and for more than `most` values, aliases counted
    each time that they are used."""
    builder = _Builder(most)
    data = builder.value((), root)
    return Document(file, text, data, builder.values, builder.keys, builder.duplicates, anchors)


class _Builder:
    def __init__(self, most: int) -> None:
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.duplicates: list[Duplicate] = []
        self._count = 0
        self._most = most

    def value(self, path: Path, node: YamlNode) -> Any:
        self._count += 1
        if self._count > self._most:
            raise Defect(node.span, f"more than {self._most:,} values; do aliases multiply each other?")
        if len(path) > MAX_DEPTH:
            raise Defect(node.span, f"more than {MAX_DEPTH} mappings and lists inside each other")
        if node.kind == "list":
            self.values[path] = _place(node)
            return [self.value((*path, index), item) for index, item in enumerate(node.items)]
        if node.kind == "mapping":
            self.values[path] = _place(node)
            return self._mapping(path, node)
        value = resolve(node.text) if node.kind == "plain" else node.text
        self.values[path] = _place(node, typed=not isinstance(value, str))
        return value

    def _mapping(self, path: Path, node: YamlNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: list[tuple[YamlNode, YamlNode]] = []
        for key, value in node.pairs:
            if key.kind == "plain" and key.text == MERGE:
                merged.extend(_merged(value))
                continue
            if key.kind in ("list", "mapping"):
                raise Defect(key.span, "a key must be a word, not a list or a mapping")
            here = (*path, key.text)
            if key.text in data:
                self.duplicates.append(Duplicate(here, key.span, self.keys[here].span))
                continue
            self._put(data, here, key, value)
        for key, value in merged:
            if key.text not in data:
                self._put(data, (*path, key.text), key, value)
        return data

    def _put(self, data: dict[str, Any], path: Path, key: YamlNode, value: YamlNode) -> None:
        typed = key.kind == "plain" and not isinstance(resolve(key.text), str)
        self.keys[path] = _place(key, typed=typed)
        data[key.text] = self.value(path, value)
        if value.kind == "plain" and not value.text:
            # A value that is left out has no place of its own; the library puts it on a later line.
            self.values[path] = replace(self.values[path], span=key.span, start=key.start, missing=True)


def _merged(node: YamlNode) -> list[tuple[YamlNode, YamlNode]]:
    """The pairs that `<<: *anchor` brings in; in a list of mappings the earlier one wins."""
    mappings = node.items if node.kind == "list" else [node]
    if any(mapping.kind != "mapping" for mapping in mappings):
        raise Defect(node.span, "`<<` takes a mapping or a list of mappings")
    return [
        pair
        for mapping in mappings
        for pair in mapping.pairs
        if pair[0].kind not in ("list", "mapping") and pair[0].text != MERGE
    ]


def _place(node: YamlNode, *, typed: bool = False) -> Place:
    return Place(node.span, node.style, node.start, typed)
