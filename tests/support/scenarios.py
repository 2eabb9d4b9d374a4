"""Scenario texts for tests, and what the check says about them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from engine.scenario.check import CheckResult, check
from engine.scenario.compile import CompiledScenario
from engine.scenario.diagnostics import Diagnostic

HEADER = """\
format: 1
name: test
start: {start}
nodes:
"""
FOOTER = {"did": '["32"]', "voice": "en"}
"""What a clean file has too. It stands at the end, so that lines count from the top as the test sees them."""


def scenario(nodes: str, *, start: str = "a", top: str = "") -> str:
    """A whole file around some nodes, which may be indented as the test likes."""
    header = HEADER.format(start=start)
    if top:
        header = header.replace("start:", textwrap.dedent(top).strip("\n") + "\nstart:")
    footer = "".join(f"{key}: {value}\n" for key, value in FOOTER.items() if f"\n{key}:" not in header)
    return header + textwrap.indent(textwrap.dedent(nodes).strip("\n"), "  ") + "\n" + footer


def found(text: str | bytes, path: Path | str = "test.yaml") -> list[tuple[str, int, int]]:
    """(rule, line, column) of every finding."""
    return [(d.rule, d.line, d.column) for d in check(path, text).diagnostics]


def told(result: CheckResult) -> list[Diagnostic]:
    """What is found in a file, without what is off unless asked."""
    return [d for d in result.diagnostics if d.severity != "information"]


def rules_of(text: str | bytes) -> list[str]:
    """The rules that speak, in document order."""
    return [rule for rule, _, _ in found(text)]


def compiled(text: str, path: Path | str = "test.yaml") -> CompiledScenario:
    """The compiled scenario; fails with the findings when there is none."""
    result: CheckResult = check(path, text)
    assert result.compiled is not None, result.diagnostics
    return result.compiled


def check_one(text: str) -> Diagnostic:
    """The only finding."""
    (finding,) = check("test.yaml", text).diagnostics
    return finding


RECORDED_CALL = """
format: 1
name: recorded
did: ["32"]
start: begin
nodes:
  begin: {type: record, action: start, next: pause}
  pause: {type: wait, duration: 60s, next: end}
"""
"""Whoever calls 32 is recorded for a minute."""
