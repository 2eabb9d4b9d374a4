"""A YAML text as the pieces of which it is written, each with the indentation that it gets at the start of a line.

The pieces are the library's tokens that can be seen. What stands between them is white space and comments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml import tokens as yaml

STEP = 2
"""Columns of an indentation."""

Kind = Literal["scalar", ":", "-", "?", "open", "close", ",", "alias", "property", "document"]

_BODY = re.compile(r"[|>][-+]?(?P<indent>[1-9])?")


@dataclass(frozen=True, slots=True)
class Level:
    """A mapping or a list that is open: the column in which its entries stand, and the one in which they will."""

    kind: Literal["mapping", "list", "indentless", "flow"]
    old: int
    new: int
    close: int = 0
    """Of a flow: indentation of its closing bracket."""
    nodes: bool = False
    """It is the mapping of the scenario's nodes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A token: where it stood (offsets), how it is written now, its indentation where it begins a line."""

    kind: Kind
    start: int
    end: int
    text: str
    indent: int
    levels: tuple[Level, ...]
    """What is open there, the outermost first."""
    node: bool = False
    """It begins a node of the scenario."""


def pieces(text: str) -> list[Piece]:
    """The pieces of a text that is known to be a YAML document, with `\\n` for line breaks."""
    reader = _Reader(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A list first: the library's accidents are the caller's, not this loop's.
        for token in list(YAML(typ="safe", pure=True).scan(text)):
            reader.take(token)
    return reader.pieces


_KINDS: dict[type[Any], Kind] = {
    yaml.FlowEntryToken: ",",
    yaml.AliasToken: "alias",
    yaml.AnchorToken: "property",
    yaml.TagToken: "property",
    yaml.DocumentStartToken: "document",
    yaml.DocumentEndToken: "document",
    yaml.DirectiveToken: "document",
}


class _Reader:
    def __init__(self, text: str) -> None:
        self.pieces: list[Piece] = []
        self._text = text
        self._levels: list[Level] = []
        self._line_indent = 0
        self._in_key = False
        self._node_begins = False
        self._top_key = ""

    def take(self, token: Any) -> None:
        """One token more."""
        top = self._levels[-1] if self._levels else None
        match token:
            case yaml.BlockMappingStartToken():
                nodes = len(self._levels) == 1 and self._top_key == "nodes"
                self._open_block("mapping", token, nodes=nodes)
            case yaml.BlockSequenceStartToken():
                self._open_block("list", token)
            case yaml.BlockEndToken():
                self._end_indentless()
                self._levels.pop()
            case yaml.BlockEntryToken():
                if top is None or top.kind == "mapping":
                    self._open_block("indentless", token)
                self._add("-", token, self._levels[-1].new)
            case yaml.KeyToken():
                self._key(token)
            case yaml.ValueToken():
                self._end_indentless()
                self._in_key = False
                self._add(":", token, self._levels[-1].new if self._levels else 0)
            case yaml.FlowMappingStartToken() | yaml.FlowSequenceStartToken():
                self._open_flow(token)
            case yaml.FlowMappingEndToken() | yaml.FlowSequenceEndToken():
                self._add("close", token, self._levels.pop().close)
            case yaml.ScalarToken():
                self._scalar(token)
            case _ if type(token) in _KINDS:
                kind = _KINDS[type(token)]
                self._add(kind, token, 0 if kind == "document" else self._indent())

    def _open_block(self, kind: Literal["mapping", "list", "indentless"], token: Any, *, nodes: bool = False) -> None:
        new = self._levels[-1].new + STEP if self._levels else 0
        self._levels.append(Level(kind, token.start_mark.column, new, nodes=nodes))

    def _open_flow(self, token: Any) -> None:
        self._add("open", token, self._indent())
        least = next((level.new + STEP for level in reversed(self._levels) if level.kind != "flow"), 0)
        content = max(self._line_indent + STEP, least)
        self._levels.append(Level("flow", token.start_mark.column, content, max(self._line_indent, least)))

    def _end_indentless(self) -> None:
        if self._levels and self._levels[-1].kind == "indentless":
            self._levels.pop()

    def _key(self, token: Any) -> None:
        self._end_indentless()
        self._in_key = True
        self._node_begins = bool(self._levels) and self._levels[-1].nodes
        if token.end_mark.index > token.start_mark.index:
            self._add("?", token, self._levels[-1].new if self._levels else 0)

    def _indent(self) -> int:
        if not self._levels:
            return 0
        top = self._levels[-1]
        return top.new if top.kind == "flow" or self._in_key else top.new + STEP

    def _scalar(self, token: Any) -> None:
        start, end = token.start_mark.index, token.end_mark.index
        source = self._text[start:end]
        if self._in_key and len(self._levels) == 1:
            self._top_key = str(token.value)
        if not token.plain and token.style in ("|", ">"):
            source, text = self._block(source)
        else:
            text = _continued(source, self._indent())
        self._add("scalar", token, self._indent(), text=text, end=start + len(source))

    def _block(self, source: str) -> tuple[str, str]:
        """The part of a literal or folded text that is its own, and how it is written now."""
        first, *lines = source.removesuffix("\n").split("\n")
        header = _BODY.match(first)
        indicated = int(header["indent"]) if header and header["indent"] else None
        top = self._levels[-1] if self._levels else Level("mapping", 0, 0)
        new = top.new + (indicated or STEP)
        if indicated:
            old = top.old + indicated
        else:
            full = [line for line in lines if line.strip(" ")]
            old = len(full[0]) - len(full[0].lstrip(" ")) if full else max(map(len, lines), default=0)
        # Empty lines at the end are part of the text only when it says so.
        while lines and "+" not in first.split(" ")[0] and not lines[-1].strip(" ") and len(lines[-1]) <= old:
            lines.pop()
        moved = [" " * new + line[old:] if line[old:] else "" for line in lines]
        return "\n".join([first, *lines]), "\n".join([first.rstrip(), *moved])

    def _add(self, kind: Kind, token: Any, indent: int, *, text: str | None = None, end: int | None = None) -> None:
        start = token.start_mark.index
        before = self.pieces[-1].end if self.pieces else 0
        if not self.pieces or "\n" in self._text[before:start]:
            self._line_indent = indent
        end = token.end_mark.index if end is None else end
        text = self._text[start:end].rstrip() if text is None else text
        self.pieces.append(Piece(kind, start, end, text, indent, tuple(self._levels), self._node_begins))
        self._node_begins = False


def _continued(source: str, indent: int) -> str:
    """A text over several lines. Their ends and beginnings are no part of it, but for escapes."""
    first, *lines = source.split("\n")
    if not lines:
        return source
    moved = [first, *(line.lstrip(" \t") for line in lines)]
    ends = [line if line.rstrip(" \t").endswith("\\") else line.rstrip(" \t") for line in moved[:-1]]
    ends.append(moved[-1])
    return "\n".join([ends[0], *(" " * indent + line if line else "" for line in ends[1:])])


def comments(text: str) -> Iterator[str]:
    """The comments between the pieces of a text, in order."""
    at = 0
    for piece in pieces(text):
        yield from _in_gap(text[at : piece.start])
        at = piece.end
    yield from _in_gap(text[at:])


def _in_gap(gap: str) -> Iterator[str]:
    for line in gap.split("\n"):
        if "#" in line:
            yield line.strip()
