"""A loaded file: plain data, and the place of every key and value in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from engine.nodes.base import Path
from engine.scenario.diagnostics import START, Span

Style = Literal["plain", "single", "double", "literal", "folded", "collection"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key or value stands. `start` is its offset in the text, quotes included; `typed` tells that a
    plain scalar is not text (a number, true, null)."""

    span: Span
    style: Style
    start: int
    typed: bool = False


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
        """A place inside the text of the scalar at a path, given by line and column in its *value* (from 1).

        Exact for scalars on one line and for literal blocks; for others, the scalar as a whole.
        """
        place = self.values.get(path)
        if place is None:
            return self.span(path)
        span = place.span
        if place.style == "literal":
            return self._inside_literal(span, line, column)
        if line != 1 or span.line != span.end_line or place.style == "folded":
            return span
        quote = 0 if place.style == "plain" else 1
        source = self.text[place.start + quote :]
        at = span.column + quote + _source_offset(source, column - 1, place.style)
        return Span(span.line, at, span.line, max(at + 1, span.end_column - quote))

    def _inside_literal(self, span: Span, line: int, column: int) -> Span:
        lines = self.text.splitlines()
        row = span.line + line
        if row > len(lines):
            return span
        first = next((text for text in lines[span.line :] if text.strip()), "")
        indent = len(first) - len(first.lstrip(" "))
        at = indent + column
        return Span(row, at, row, max(at + 1, len(lines[row - 1]) + 1))


def _source_offset(source: str, characters: int, style: Style) -> int:
    """How many characters of the source make the first `characters` of the value."""
    at = 0
    for _ in range(characters):
        if style == "single" and source.startswith("''", at):
            at += 2
        elif style == "double" and source.startswith("\\", at):
            at += {"x": 4, "u": 6, "U": 10}.get(source[at + 1 : at + 2], 2)
        else:
            at += 1
    return at
