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
        """A defect at a place."""
        return cls(rule, severity, message, file, span.line, span.column, span.end_line, span.end_column, hint)

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Sort key: the order of the document."""
        return self.line, self.column, self.rule, self.message
