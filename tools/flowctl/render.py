"""Findings for people (with the line and a caret) and for programs (JSON)."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Literal

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.load import read_source

Format = Literal["text", "json"]

_COLOURS = {"error": "31", "warning": "33", "information": "36"}
_TAB = 4
_WIDEST = 160
"""Characters of a line that are shown."""


def render(findings: Iterable[Diagnostic], format: Format = "text") -> None:  # noqa: A002 - the option's name
    """Print findings on standard output: for people, with colours on a terminal; or a JSON list."""
    findings = list(findings)
    if format == "json":
        sys.stdout.write(as_json(findings) + "\n")
        return
    colours = colours_wanted()
    for found in findings:
        sys.stdout.write(as_text(found, colours=colours) + "\n")


def colours_wanted() -> bool:
    """True on a terminal. NO_COLOR says no, FORCE_COLOR yes, if they are set to anything; NO_COLOR wins."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def as_json(findings: Iterable[Diagnostic]) -> str:
    """A JSON list of objects with the fields of `Diagnostic`."""
    return json.dumps([asdict(found) for found in findings], indent=2, ensure_ascii=False)


def as_text(found: Diagnostic, *, colours: bool = False) -> str:
    """One finding: place, rule and message; the line with a caret below it; the hint."""

    def paint(code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colours else text

    severity = paint(f"1;{_COLOURS[found.severity]}", f"{found.severity} {found.rule}")
    parts = [f"{found.file}:{found.line}:{found.column}: {severity}: {found.message}"]
    lines = _lines(found.file)
    if found.line <= len(lines) and lines[found.line - 1].strip():
        line = lines[found.line - 1]
        end = found.end_column if found.end_line == found.line else len(line) + 1
        # Of a line that no terminal holds, the part around the defect.
        start = max(0, found.column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
        line = line[start : start + _WIDEST]
        column = found.column - start
        before = _printable(line[: column - 1])
        width = max(1, min(end - start, len(line) + 1) - column)
        number = f"{found.line:>5} | "
        parts.append(paint("2", number) + _printable(line))
        caret = "^" + "~" * (width - 1)
        parts.append(" " * (len(number) + len(before)) + paint(_COLOURS[found.severity], caret))
    if found.hint:
        parts.append(f"        {found.hint}")
    return "\n".join(parts)


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in line.expandtabs(_TAB))


@lru_cache(maxsize=8)
def _lines(file: str) -> list[str]:
    try:
        return re.split("\r\n|\r|\n", read_source(Path(file)).decode("utf-8-sig", "replace"))
    except OSError:
        return []
