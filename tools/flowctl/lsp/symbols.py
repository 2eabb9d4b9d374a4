"""Where names are defined and used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File

from engine.audio.files import find
from engine.errors import AudioError
from engine.nodes.base import END
from engine.nodes.fields import ExpressionMark, PromptMark, TargetMark, TemplateMark
from engine.scenario.diagnostics import START, Span
from engine.scenario.document import Document
from engine.scenario.draft import Draft
from engine.scenario.load import load
from engine.scenario.model import NODE_NAME
from engine.scenario.walk import iter_assignments
from tools.flowctl.lsp.completion import quoted
from tools.flowctl.lsp.cursor import spot, value_at
from tools.flowctl.lsp.hover import word_at
from tools.flowctl.lsp.types import allowed, node_of


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file."""

    file: File
    span: Span


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement in a file."""

    file: File
    span: Span
    text: str


class NotPossible(Exception):
    """What was asked for cannot be done; the message says why."""


def node_at(draft: Draft, line: int, column: int) -> str | None:
    """The node that is named at a place, by its key or by a reference to it."""
    found = spot(draft.document, line, column)
    if found is None:
        return None
    if found.kind == "key":
        return str(found.path[1]) if len(found.path) == 2 and found.path[0] == "nodes" else None
    value = value_at(draft.document, found.path)
    if isinstance(value, str) and any(kind.mark(TargetMark) for kind in allowed(draft.document, found.path)):
        return value
    return None


def occurrences(draft: Draft, name: str) -> list[Span]:
    """Where a node is named: its key first, then every reference."""
    spans = [draft.document.key_span(("nodes", name))] if name in draft.names else []
    return spans + [draft.document.span(path) for path, target in draft.references() if target == name]


def definition(draft: Draft, line: int, column: int) -> Location | None:
    """Where what is named at a place is defined: a node, a variable, a sound, another scenario."""
    name = node_at(draft, line, column)
    if name is not None:
        return Location(draft.file, draft.document.key_span(("nodes", name))) if name in draft.names else None
    found = spot(draft.document, line, column)
    if found is None or found.kind == "key":
        return None
    value = str(value_at(draft.document, found.path))
    if node_of(found.path) is not None and found.path[2:] == ("name",):
        other = draft.project.scenario(value)
        return Location(other.file, other.document.key_span(("name",))) if other is not None else None
    for kind in allowed(draft.document, found.path):
        if kind.mark(ExpressionMark) or kind.mark(TemplateMark):
            word = word_at(draft.document.text, line, column)
            if word and (place := _assigned(draft, word.split(".")[0])) is not None:
                return Location(draft.file, place)
        if kind.mark(PromptMark) and kind.hint is str:
            try:
                return Location(find(draft.prompts_dir, draft.scenario.language, value), START)
            except AudioError:
                return None
    return None


def _assigned(draft: Draft, name: str) -> Span | None:
    """Where a variable is declared, else where it first gets a value."""
    if name in draft.scenario.variables:
        return draft.document.key_span(("variables", name))
    for node_name, node in draft.nodes.items():
        for assignment in iter_assignments(node):
            if assignment.name == name:
                path = ("nodes", node_name, *assignment.path)
                named_by_key = assignment.path[-1] == name and path in draft.document.keys
                return draft.document.key_span(path) if named_by_key else draft.document.span(path)
    return None


def rename(draft: Draft, line: int, column: int, new: str) -> list[Edit]:
    """The edits that give the node at a place another name, in the scenario and in the tests beside it.

    Raises NotPossible.
    """
    name = node_at(draft, line, column)
    if name is None or name == END or name not in draft.names:
        raise NotPossible("there is no node here that could get another name")
    if not re.fullmatch(NODE_NAME, new):
        raise NotPossible(f"{new!r} cannot be the name of a node: one line, without /, without blanks at its ends")
    if new == END or new in draft.names:
        raise NotPossible(f"there is a node {new!r} already")
    text = quoted(new)
    edits = [Edit(draft.file, span, text) for span in occurrences(draft, name)]
    return [*edits, *(Edit(file, span, text) for file, span in _in_tests(draft, name))]


def _in_tests(draft: Draft, name: str) -> Iterator[tuple[File, Span]]:
    for file in sorted(draft.file.parent.glob("*.test.yaml")):
        try:
            document, _ = load(file.read_bytes(), str(file))
        except OSError:
            continue
        if document is None or not isinstance(document.data, dict):
            continue
        scenario = document.data.get("scenario")
        if isinstance(scenario, str) and (file.parent / scenario).absolute() == draft.file.absolute():
            yield from ((file, span) for span in _named_in_paths(document, name))


def _named_in_paths(document: Document, name: str) -> Iterator[Span]:
    for path in document.values:
        in_path = path[:1] == ("tests",) and path[2:4] == ("expect", "path") and len(path) == 5
        if in_path and value_at(document, path) == name:
            yield document.span(path)


def outline(draft: Draft) -> list[tuple[str, str, Span]]:
    """Every node: name, type, the place of its name."""
    document = draft.document
    return [
        (name, str(value_at(document, ("nodes", name, "type")) or ""), document.key_span(("nodes", name)))
        for name in draft.names
    ]
