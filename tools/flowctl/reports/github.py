"""Annotations for GitHub Actions, one line each: `::error file=…,line=…,col=…::message`.

The runner reads them from standard output (its documentation: "Workflow commands"). Lines and columns count from 1,
the end column is the last one marked.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.rules.registry import rules
from tools.flowctl.reports.places import relative

_LEVELS = {"error": "error", "warning": "warning", "information": "notice"}


def as_github(findings: Iterable[Diagnostic]) -> str:
    """One line for each finding; empty when there is none."""
    return "".join(f"{_line(found)}\n" for found in findings)


def _line(found: Diagnostic) -> str:
    place = {"file": relative(found.file), "line": found.line, "endLine": found.end_line}
    if found.line == found.end_line:
        # Columns over several lines are refused.
        place |= {"col": found.column, "endColumn": max(found.column, found.end_column - 1)}
    place["title"] = f"{found.rule}: {rules()[found.rule].summary}"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    message = f"{found.message}\n{found.hint}" if found.hint else found.message
    return f"::{_LEVELS[found.severity]} {properties}::{_data(message)}"


def _data(text: str) -> str:
    """A message as the runner reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
