"""Comments that silence findings: `# flowctl: ignore W2010 -- reason`.

One stands at the end of the line of the finding, or alone on the line above. Without a reason it does not count. It
silences warnings, information, and those errors whose rules may be wrong about what they see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.document import Document
from engine.scenario.rules.base import Rule

_COMMENT = re.compile(
    r"(?P<before>.*?)(?:^|(?<=\s))#\s*flowctl:\s*ignore\s+(?P<ids>[A-Z]\d{4}(?:\s*,\s*[A-Z]\d{4})*)\s*(?:--\s*(?P<reason>.*\S))?\s*\Z"
)
_BREAK = re.compile("\r\n|\r|\n")

NO_REASON = "the comment does not count without a reason: `# flowctl: ignore {rule} -- reason`"
NOT_THIS = "a comment cannot silence {rule}"


def can_be_silenced(rule: Rule) -> bool:
    """True for a rule that a comment silences."""
    return rule.severity != "error" if rule.suppressible is None else rule.suppressible


def suppress(
    document: Document, findings: Iterable[Diagnostic], rules: dict[str, Rule]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """(what is left, what is silenced, with the reason as its hint). What a comment without a reason, or one that may
    not, would have silenced says so in its hint."""
    comments = _comments(document)
    left: list[Diagnostic] = []
    silenced: list[Diagnostic] = []
    for found in findings:
        reason = comments.get((found.line, found.rule))
        if reason is None:
            left.append(found)
        elif not can_be_silenced(rules[found.rule]):
            left.append(_with_hint(found, NOT_THIS))
        elif not reason:
            left.append(_with_hint(found, NO_REASON))
        else:
            silenced.append(replace(found, hint=reason))
    return left, silenced


def _with_hint(found: Diagnostic, hint: str) -> Diagnostic:
    hint = hint.format(rule=found.rule)
    return replace(found, hint=f"{found.hint}; {hint}" if found.hint else hint)


def _comments(document: Document) -> dict[tuple[int, str], str]:
    """(line of a finding, rule) → reason; empty when none is given."""
    found: dict[tuple[int, str], str] = {}
    if "flowctl:" not in document.text:
        return found
    texts = _Texts(document)
    for number, line in enumerate(_BREAK.split(document.text), 1):
        match = _COMMENT.match(line)
        if match is None or texts.reach_over(number, len(match["before"]) + 1):
            continue
        below = number + 1 if not match["before"].strip() else number
        for rule in re.split(r"\s*,\s*", match["ids"]):
            found[below, rule] = match["reason"] or found.get((below, rule), "")
    return found


class _Texts:
    """Where the texts of a document stand: what is inside of one is no comment."""

    def __init__(self, document: Document) -> None:
        self._lines: set[int] = set()
        self._parts: dict[int, list[tuple[int, int]]] = {}
        places = {place.start: place for place in (*document.values.values(), *document.keys.values())}
        for place in places.values():
            span = place.span
            if place.style == "collection":
                continue
            if span.end_line == span.line:
                self._parts.setdefault(span.line, []).append((span.column, span.end_column))
            else:
                # Behind the `|` of a block text, on its line, a comment may stand.
                self._lines.update(range(span.line + 1, span.end_line + (span.end_column > 1)))

    def reach_over(self, line: int, column: int) -> bool:
        """True when a place is inside of a text."""
        return line in self._lines or any(start <= column < end for start, end in self._parts.get(line, ()))
