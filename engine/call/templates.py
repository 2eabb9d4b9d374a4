"""Text with `${expression}` parts: where the parts are, and how values look in text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.errors import ExpressionError


@dataclass(frozen=True, slots=True)
class Part:
    """An expression inside a text; `offset` is where it begins, behind the `${`, in characters from 0."""

    expression: str
    offset: int


def split(text: str) -> list[str | Part]:
    """Literal pieces and expressions, in order. `$${` is a literal `${`.

    Raises ExpressionError for a `${` that is not closed.
    """
    pieces: list[str | Part] = []
    literal = ""
    at = 0
    while at < len(text):
        if text.startswith("$${", at):
            literal += "${"
            at += 3
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            if literal:
                pieces.append(literal)
                literal = ""
            pieces.append(Part(text[at + 2 : end], at + 2))
            at = end + 1
        else:
            literal += text[at]
            at += 1
    if literal:
        pieces.append(literal)
    return pieces


def _closing(text: str, start: int) -> int:
    """Index of the brace that closes the expression; braces inside it and in its strings are skipped."""
    depth = 0
    at = start
    while at < len(text):
        char = text[at]
        if char in "'\"":
            at = _after_string(text, at)
            continue
        if char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start) - 2
    raise ExpressionError("`${` is not closed by `}`", expression=text, line=line, column=column)


def _after_string(text: str, at: int) -> int:
    """Index behind the CEL string literal that begins at `at`."""
    quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
    raw = at > 0 and text[at - 1] in "rR"
    at += len(quote)
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and not raw else 1
    return at + len(quote)


def as_text(value: Any) -> str:
    """A value as people write it: 3, 2.5, true, a list with commas; a time as ISO 8601 to the second."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}" if abs(value) < 1e15 else str(value)
        case datetime():
            return value.isoformat(timespec="seconds")
        case timedelta():
            return f"{value.total_seconds():.15g}s"
        case bytes() | bytearray():
            return value.decode("utf-8", "replace")
        case list():
            return ", ".join(as_text(item) for item in value)
        case _:
            return str(value)
