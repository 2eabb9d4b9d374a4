"""What is wrong with a file, as data. Rendering is somebody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in a file. Lines and columns count from 1; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(1, 1, 1, 1)
"""The beginning of a file: where a defect of the whole file is reported."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One defect. `hint` says what to do about it; it may be empty."""

    rule: str
    severity: Severity
    message: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str = ""

    @classmethod
    def at(
        cls, span: Span, rule: str, message: str, *, file: str, hint: str = "", severity: Severity = "error"
    ) -> Diagnostic:
        """A defect at a place. What a terminal would not show as it is, is shown escaped, and a text that goes on
        and on is cut."""
        message, hint = _shown(message), _shown(hint)
        return cls(rule, severity, message, file, span.line, span.column, span.end_line, span.end_column, hint)

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Sort key: the order of the document."""
        return self.line, self.column, self.rule, self.message


_LONGEST = 400
"""Characters of a message: it may quote the file."""


def _shown(text: str) -> str:
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
