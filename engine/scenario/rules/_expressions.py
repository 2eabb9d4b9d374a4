"""Every mistake in the expressions of a draft, and the scenarios that it exchanges values with."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import ExpressionError
from engine.nodes.fields import ExpressionMark, TemplateMark
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Span
from engine.scenario.draft import Draft
from engine.scenario.walk import iter_marked


def broken_expressions(draft: Draft) -> Iterator[tuple[Span, ExpressionError]]:
    """The place in the file and what is wrong, for each mistake in an expression or a text with `${…}` parts."""
    environment = draft.environment
    for name, node in draft.nodes.items():
        for path, text, mark in iter_marked(node):
            mistakes: list[ExpressionError] = []
            if isinstance(mark, ExpressionMark):
                mistakes = environment.mistakes(text, mark.type)
            elif isinstance(mark, TemplateMark) and "${" in text:
                mistakes = environment.template_mistakes(text)
            for mistake in mistakes:
                yield draft.document.inside(("nodes", name, *path), mistake.line, mistake.column), mistake


def sub_scenarios(draft: Draft) -> Iterator[tuple[str, ScenarioCall, Draft]]:
    """(node, itself, the scenario that it calls) for each call of a scenario that is known."""
    for name, node in draft.nodes.items():
        if isinstance(node, ScenarioCall) and node.name and (sub := draft.project.scenario(node.name)) is not None:
            yield name, node, sub
