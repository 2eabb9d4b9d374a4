"""The one way from a file to diagnostics and a compiled scenario: what validate, simulate and serve call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.scenario.compile import CompiledScenario, compile_scenario
from engine.scenario.diagnostics import START, Diagnostic
from engine.scenario.draft import make_draft
from engine.scenario.load import load
from engine.scenario.model import Scenario
from engine.scenario.rules.e1012_same_did import same_did
from engine.scenario.rules.registry import missing_keys, rules
from engine.scenario.shape import check_shape
from engine.scenario.table import DidTable


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything wrong with a file, in document order; `compiled` is None when something is an error."""

    diagnostics: list[Diagnostic]
    compiled: CompiledScenario | None

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that keep the file out of service."""
        return [found for found in self.diagnostics if found.severity == "error"]


def check(path: Path | str, text: str | bytes | None = None) -> CheckResult:
    """Check a scenario file, or `text` in its stead (an editor's unsaved content).

    Never raises for what the file holds; a file that cannot be read is an E0001 too. Blocking: it reads the
    audio files that the scenario names.
    """
    file = Path(path)
    if text is None:
        try:
            source = file.read_bytes()
        except OSError as error:
            message = f"the file cannot be read: {error.strerror or error}"
            return CheckResult([Diagnostic.at(START, "E0001", message, file=str(path))], None)
    else:
        source = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _check(file, str(path), source)


def check_files(paths: Sequence[Path]) -> list[CheckResult]:
    """Check files that one server would serve together: also that no number leads to two of them (E1012)."""
    results = [check(path) for path in paths]
    table = DidTable(result.compiled for result in results if result.compiled is not None)
    for conflict in table.conflicts:
        index = next(i for i, result in enumerate(results) if result.compiled is conflict.second)
        found = same_did(conflict)
        diagnostics = sorted([*results[index].diagnostics, found], key=lambda found: found.order)
        results[index] = CheckResult(diagnostics, results[index].compiled)
    return results


def _check(file: Path, name: str, source: bytes) -> CheckResult:
    document, diagnostics = load(source, name)
    if document is None:
        return CheckResult(diagnostics, None)
    diagnostics, spoiled = check_shape(document, missing_keys())
    if not isinstance(document.data, dict):
        return CheckResult(diagnostics, None)
    draft, later = make_draft(document, file, spoiled)
    diagnostics += later
    for rule in rules().values():
        diagnostics.extend(rule.check(draft))
    # What an anchor holds is wrong once, however often it is used.
    once = {(found.rule, found.line, found.column, found.message): found for found in reversed(diagnostics)}
    diagnostics = sorted(once.values(), key=lambda found: found.order)
    if any(found.severity == "error" for found in diagnostics):
        return CheckResult(diagnostics, None)
    scenario = Scenario.model_validate({**document.data, "nodes": draft.nodes})
    places = {did: document.span(("did", index)) for index, did in enumerate(scenario.did)}
    return CheckResult(diagnostics, compile_scenario(scenario, file, source, draft.environment, places))
