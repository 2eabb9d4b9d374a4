"""Where expressions speak of centres: `centre.sales.available`, `centre["sales"].waiting`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.call.templates import Part, split
from engine.errors import ExpressionError
from engine.nodes.fields import ExpressionMark, TemplateMark
from engine.scenario.diagnostics import Span
from engine.scenario.draft import Draft
from engine.scenario.walk import iter_marked

FIGURES = ("logged_in", "available", "waiting")
"""What an expression may ask about a centre."""

_TEXT = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_CENTRE = re.compile(
    rf"""(?<![\w.])centre\s*(?:\.\s*(?P<name>\w+)|\[\s*(?P<text>{_TEXT})\s*\])(?:\s*\.\s*(?P<figure>\w+)(?!\s*\(|\w))?"""
    rf"""|{_TEXT}""",
    re.ASCII | re.DOTALL,
)


def centres(draft: Draft) -> Iterator[tuple[Span, str]]:
    """Every centre that an expression names, and where."""
    for span, name in _groups(draft, ("name", "text")):
        yield span, name.strip("'\"")


def figures(draft: Draft) -> Iterator[tuple[Span, str]]:
    """Everything that an expression asks about a centre, and where."""
    yield from _groups(draft, ("figure",))


def _groups(draft: Draft, groups: tuple[str, ...]) -> Iterator[tuple[Span, str]]:
    for node_name, node in draft.nodes.items():
        for path, text, mark in iter_marked(node):
            for part in _expressions(text, mark) if "centre" in text else ():
                for found in _CENTRE.finditer(part.expression):
                    for group in groups:
                        if found[group]:
                            at = part.offset + found.start(group)
                            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
                            yield draft.document.inside(("nodes", node_name, *path), line, column), found[group]


def _expressions(text: str, mark: object) -> list[Part]:
    if isinstance(mark, ExpressionMark):
        return [Part(text, 0)]
    if not isinstance(mark, TemplateMark):
        return []
    try:
        return [piece for piece in split(text) if isinstance(piece, Part)]
    except ExpressionError:
        return []
