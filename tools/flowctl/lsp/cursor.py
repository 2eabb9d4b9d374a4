"""What is at a place in a text that somebody is writing, and that is no YAML at this moment, most of the time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.nodes.base import Path
from engine.scenario.diagnostics import Span
from engine.scenario.document import Document
from engine.scenario.load import load

MARK = "flowctlCursor"
"""Put into the text at the cursor: where it turns up in the document is where the cursor is."""

_BREAK = re.compile("\r\n|\r|\n")
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a document. `path` leads to the value in which the cursor is, or to that of the key in which it is;
    `before` and `after` are what stands of this key or value on both sides."""

    kind: Literal["key", "value"]
    path: Path
    before: str
    after: str
    document: Document


def look(text: str, line: int, column: int) -> Cursor | None:
    """Where a cursor is, `line` and `column` from 1; None when even with some help the text is no YAML.

    A line that is just being written is taken for a value, then for a key, and its brackets are closed.
    """
    start = offset(text, line, column)
    end = _BREAK.search(text, start)
    stop = end.start() if end else len(text)
    for middle, closing in _attempts(text[:start], text[start:stop]):
        marked = text[:start] + middle + text[start:stop] + closing + text[stop:]
        document, _ = load(marked.encode("utf-8", "replace"), "")
        if document is not None and (found := _find(document)) is not None:
            return found
    return None


def _attempts(before: str, rest: str) -> Iterator[tuple[str, str]]:
    line = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :] + rest
    closers = "".join(_CLOSING[bracket] for bracket in reversed(_open_brackets(line)))
    for closing in dict.fromkeys(("", closers)):
        yield MARK, closing
        if rest[:1] in ("[", "{", '"', "'"):
            yield f"{MARK}, ", closing
        yield f"{MARK}: ", closing
    quote = '"' if line.count('"') % 2 else "'"
    yield MARK, quote + closers


def _open_brackets(line: str) -> list[str]:
    found: list[str] = []
    for character in line:
        if character in _CLOSING:
            found.append(character)
        elif found and character == _CLOSING[found[-1]]:
            found.pop()
    return found


def _find(document: Document) -> Cursor | None:
    for path in document.keys:
        if isinstance(path[-1], str) and MARK in path[-1]:
            before, after = path[-1].split(MARK, 1)
            return Cursor("key", (*path[:-1], before + after), before, after, document)
    for path in document.values:
        value = value_at(document, path)
        if isinstance(value, str) and MARK in value:
            before, after = value.split(MARK, 1)
            return Cursor("value", path, before, after, document)
    return None


def value_at(document: Document, path: Path) -> object:
    """What stands at a path; None when nothing does."""
    value: object = document.data
    for part in path:
        try:
            value = value[part]  # type: ignore[index]  # what cannot be indexed raises
        except (LookupError, TypeError):
            return None
    return value


def offset(text: str, line: int, column: int) -> int:
    """Index in the text of a line and column from 1; the end of the line for a column behind it."""
    at = 0
    for _ in range(line - 1):
        found = _BREAK.search(text, at)
        if found is None:
            return len(text)
        at = found.end()
    end = _BREAK.search(text, at)
    return min(at + column - 1, end.start() if end else len(text))


@dataclass(frozen=True, slots=True)
class Spot:
    """A key or a scalar value under the cursor, in a document that can be read."""

    kind: Literal["key", "value"]
    path: Path


def spot(document: Document, line: int, column: int) -> Spot | None:
    """The key, or the innermost scalar, at a place."""
    for path, place in document.keys.items():
        if _holds(place.span, line, column):
            return Spot("key", path)
    for path, place in document.values.items():
        if place.style != "collection" and _holds(place.span, line, column):
            return Spot("value", path)
    return None


def _holds(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)
