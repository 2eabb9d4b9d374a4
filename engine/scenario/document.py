"""A loaded file: plain data, and the place of every key and value in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from engine.nodes.base import Path
from engine.scenario.diagnostics import START, Span

Style = Literal["plain", "single", "double", "literal", "folded", "collection"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key or value stands. `start` is its offset in the text, quotes included; `typed` tells that a
    plain scalar is not text (a number, true, null); `missing` that there is no value, and the place is its key's."""

    span: Span
    style: Style
    start: int
    typed: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key given twice in one mapping; the first one counts."""

    path: Path
    span: Span
    first: Span


@dataclass(frozen=True, slots=True)
class Document:
    """Data of a file (`str`, `int`, `float`, `bool`, `None`, `list`, `dict` with `str` keys) with its places."""

    file: str
    text: str
    data: Any
    values: dict[Path, Place] = field(repr=False)
    keys: dict[Path, Place] = field(repr=False)
    duplicates: list[Duplicate]
    unused_anchors: list[tuple[str, Span]] = field(default_factory=list)
    """Anchors that no alias refers to, with their places."""

    def span(self, path: Path) -> Span:
        """The value at a path, or the innermost thing around it that exists."""
        return self._nearest(path, self.values)

    def key_span(self, path: Path) -> Span:
        """The key of the value at a path; the value itself for an item of a list."""
        place = self.keys.get(path)
        return place.span if place is not None else self.span(path)

    def _nearest(self, path: Path, places: dict[Path, Place]) -> Span:
        while path:
            if path in places:
                return places[path].span
            path = path[:-1]
        return START

    def inside(self, path: Path, line: int, column: int) -> Span:
        """A place inside the text of the scalar at a path, given by line and column in its *value* (from 1),
        to the end of its line; on one line exact, over several lines at the word."""
        place = self.values.get(path)
        value: Any = self.data
        for part in path if place is not None else ():
            value = value[part]
        if place is None or not isinstance(value, str):
            return self.span(path)
        index = sum(len(text) + 1 for text in value.split("\n")[: line - 1]) + column - 1
        span = place.span
        one_line = span.line == span.end_line
        offset = _nth(self.text, place, index) if one_line else _word(self.text, place, value, index)
        *above, before = _BREAK.split(self.text[place.start : offset])
        at = len(before) + (1 if above else span.column)
        if one_line:
            end = span.end_column - (0 if place.style == "plain" else 1)
        else:
            end = at + len(_BREAK.split(self.text[offset:], maxsplit=1)[0])
        row = span.line + len(above)
        return Span(row, at, row, max(at + 1, end))


_BREAK = re.compile("\r\n|\r|\n")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""Anchor and tag, which stand before a scalar."""
_SPACES = ("\\n", "\\t", "\\r", "\\ ", "\\\n", "\\\r")
"""Escapes of double quotes that are white, or nothing."""


def _pieces(text: str, place: Place) -> Iterator[tuple[int, str]]:
    """Offset and source of each character of a scalar's value; line breaks and indentation as they stand."""
    at = _PROPERTIES.match(text, place.start).end()  # type: ignore[union-attr]  # it matches nothing too
    if place.style in ("literal", "folded"):
        at += len(_BREAK.split(text[at:], maxsplit=1)[0])
    elif place.style != "plain":
        at += 1
    while at < len(text):
        size = 1
        if place.style == "single" and text.startswith("''", at):
            size = 2
        elif place.style == "double" and text.startswith("\\", at):
            size = {"x": 4, "u": 6, "U": 10}.get(text[at + 1 : at + 2], 2)
        yield at, text[at : at + size]
        at += size


def _nth(text: str, place: Place, index: int) -> int:
    """Offset of a value's character, on one line."""
    return next((at for at, _ in islice(_pieces(text, place), index, None)), len(text))


def _word(text: str, place: Place, value: str, index: int) -> int:
    """Offset of a value's character, over several lines. Folding changes white space only, so the rest is
    counted; behind the last word of the value it is the place just behind that."""
    wanted = sum(not character.isspace() for character in value[:index])
    words = (pair for pair in _pieces(text, place) if not pair[1].isspace() and pair[1] not in _SPACES)
    if value[index:].strip():
        return next((at for at, _ in islice(words, wanted, None)), place.start)
    return next((at + len(piece) for at, piece in islice(words, max(0, wanted - 1), None)), place.start)
