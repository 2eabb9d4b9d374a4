"""Every expression of a draft that does not compile, for the rules about expressions."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import ExpressionError
from engine.nodes.fields import ExpressionMark, TemplateMark
from engine.scenario.diagnostics import Span
from engine.scenario.draft import Draft
from engine.scenario.walk import iter_marked


def broken_expressions(draft: Draft) -> Iterator[tuple[Span, ExpressionError]]:
    """The place in the file and what is wrong, for each expression and each text with `${…}` parts."""
    for name, node in draft.nodes.items():
        for path, text, mark in iter_marked(node):
            try:
                if isinstance(mark, ExpressionMark):
                    draft.environment.compile(text, mark.type)
                elif isinstance(mark, TemplateMark) and "${" in text:
                    draft.environment.template(text)
            except ExpressionError as error:
                yield draft.document.inside(("nodes", name, *path), error.line, error.column), error
