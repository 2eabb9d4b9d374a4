"""YAML events → a tree of nodes with their places. Not recursive, so depth is a number and not a stack."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from engine.scenario.diagnostics import START, Span
from engine.scenario.document import Style
from engine.scenario.syntax import complaint

MAX_DEPTH = 50
"""Mappings and lists inside each other."""

MAX_VALUES = 50_000
"""Keys and values in a scenario. Those that are written are counted while the text is read, which is what takes time;
and then again with aliases, each time that they are used."""

_STYLES: dict[str, Style] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


class Defect(Exception):
    """The text is no readable YAML document."""

    def __init__(self, span: Span, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.hint = hint


@dataclass(slots=True)
class YamlNode:
    """A scalar (`text`), a list (`items`) or a mapping (`pairs`)."""

    span: Span
    start: int
    style: Style
    kind: str
    text: str = ""
    items: list[YamlNode] = field(default_factory=list)
    pairs: list[tuple[YamlNode, YamlNode]] = field(default_factory=list)
    complete: bool = True
    key: YamlNode | None = None
    """The key read last, while its value is awaited."""


@dataclass(slots=True)
class Anchor:
    """A name given to a node; `node` is complete before it can be used."""

    node: YamlNode
    span: Span
    used: bool = False


def compose(text: str, most: int) -> tuple[YamlNode | None, list[tuple[str, Span]]]:
    """The one document of a text, None when there is none; and the anchors that nothing uses. Raises Defect, for
    more than `most` keys and values too."""
    composer = _Composer(most)
    # Not the round-trip scanner: it marks the folds of `>` scalars with a BEL inside their text.
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for event in yaml.parse(text):
                composer.take(event)
    except MarkedYAMLError as error:
        raise Defect(*complaint(error, text)) from error
    except (YAMLError, ValueError, RecursionError, AssertionError, AttributeError, IndexError, TypeError) as error:
        # The library has its own accidents on random text; a file that provokes one is no YAML file.
        raise Defect(START, f"the file is not readable as YAML: {type(error).__name__}") from error
    return composer.root, [(name, anchor.span) for name, anchor in composer.anchors if not anchor.used]


class _Composer:
    def __init__(self, most: int) -> None:
        self.root: YamlNode | None = None
        self._open: list[YamlNode] = []
        self.anchors: list[tuple[str, Anchor]] = []
        self._anchors: dict[str, Anchor] = {}
        self._documents = 0
        self._written = 0
        self._most = most

    def take(self, event: Any) -> None:
        if isinstance(event, ScalarEvent):
            self._add(self._scalar(event), event)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            kind = "mapping" if isinstance(event, MappingStartEvent) else "list"
            node = YamlNode(_span(event), event.start_mark.index, "collection", kind, complete=False)
            self._refuse_tag(event)
            self._add(node, event)
            self._open.append(node)
            if len(self._open) > MAX_DEPTH:
                raise Defect(_span(event), f"more than {MAX_DEPTH} mappings and lists inside each other")
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            node = self._open.pop()
            node.complete = True
            end = event.end_mark
            node.span = Span(node.span.line, node.span.column, end.line + 1, end.column + 1)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Defect(_span(event), "a second document begins here", "put each scenario in its own file")

    def _scalar(self, event: Any) -> YamlNode:
        style = _STYLES.get(event.style or "", "plain")
        tag = event.tag and str(event.tag)
        if tag not in (None, "!", "tag:yaml.org,2002:str", "!!str"):
            raise _unsupported_tag(event, tag)
        # `!!str 32` is text just as "32" is.
        kind = "plain" if style == "plain" and not tag else "text"
        return YamlNode(_span(event), event.start_mark.index, style, kind, _whole(event))

    def _refuse_tag(self, event: Any) -> None:
        tag = event.tag and str(event.tag)
        if tag not in (None, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!!map", "!!seq"):
            raise _unsupported_tag(event, tag)

    def _alias(self, event: Any) -> None:
        anchor = self._anchors.get(event.anchor)
        hint = "quote a text that begins with *"
        if anchor is None:
            raise Defect(_span(event), f"there is no anchor &{event.anchor} before this", hint)
        if not anchor.node.complete:
            raise Defect(_span(event), f"the anchor &{event.anchor} contains itself here", hint)
        anchor.used = True
        self._add(anchor.node, None)

    def _add(self, node: YamlNode, event: Any) -> None:
        if event is not None and event.anchor:
            anchor = Anchor(node, _anchor_span(event))
            self._anchors[event.anchor] = anchor
            self.anchors.append((event.anchor, anchor))
        self._written += 1
        if self._written > self._most:
            raise Defect(node.span, f"more than {self._most:,} keys and values", "divide the file")
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.kind == "list":
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.pairs.append((parent.key, node))
            parent.key = None


def _whole(event: Any) -> str:
    """The text of a scalar; of an escaped character that is written as two, as JSON does, the character."""
    text = str(event.value)
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise Defect(_span(event), "this text has half of an escaped character: one of \\uD800 to \\uDFFF") from error


def _unsupported_tag(event: Any, tag: Any) -> Defect:
    return Defect(_span(event), f"the tag {tag} is not supported", "quote a text that begins with !")


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _anchor_span(event: Any) -> Span:
    """Where the anchor of an event stands: the event begins with it, unless a tag comes first."""
    start = event.start_mark
    length = len(event.anchor) + 1 if not event.tag else 1
    return Span(start.line + 1, start.column + 1, start.line + 1, start.column + 1 + length)
