"""Test runs for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tools.flowctl.render import as_text
from tools.flowctl.testing.coverage import Coverage, ScenarioCoverage
from tools.flowctl.testing.expect import Failure
from tools.flowctl.testing.runner import CaseRun, SuiteRun
from tools.flowctl.testing.sidebyside import ADDED, LEFT_OUT, OTHER, table

_COLOURS = {"ok": "32", "FAIL": "1;31", OTHER: "33", LEFT_OUT: "31", ADDED: "32", "dim": "2"}

Line = tuple[str, str]
"""What kind of line it is, and its text."""


def details(file: str, run: CaseRun) -> list[Line]:
    """Everything that was not as expected in one test, each with its place in the test file."""
    lines: list[Line] = []
    for failure in run.failures:
        lines.append(("", f"{file}:{failure.line}: {_headline(run, failure)}"))
        if failure.what == "path" and run.simulation is not None:
            lines += [(mark, f"    {text}") for mark, text in table(failure.expected, run.simulation.record.path)]
    if run.simulation is not None and run.failures and all(failure.what != "path" for failure in run.failures):
        lines += [("dim", f"    {text}") for text in _walked(run)]
    return lines


def _headline(run: CaseRun, failure: Failure) -> str:
    if failure.what != "path" or run.simulation is None:
        return failure.message
    actual = [step.node for step in run.simulation.record.path]
    same = 0
    while same < min(len(actual), len(failure.expected)) and actual[same] == failure.expected[same]:
        same += 1
    expected = failure.expected[same] if same < len(failure.expected) else "the end"
    got = actual[same] if same < len(actual) else f"the end ({run.simulation.record.result})"
    return f"path: node {same + 1} should be {expected}, was {got}"


def _walked(run: CaseRun) -> Iterator[str]:
    """The path, when it is not what was wrong: it shows where things happened."""
    if run.simulation is not None:
        for step in run.simulation.record.path:
            yield f"{step.at:8.1f} s  {step.node}: {step.outcome or '-'}"


class TextReport:
    """Gives the lines to print, without their ends."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def suite(self, run: SuiteRun) -> Iterator[str]:
        """One file."""
        yield self._paint("dim", str(run.suite.file)) if run.passed else str(run.suite.file)
        for found in run.suite.findings:
            yield as_text(found, colours=self._colours)
        for case in run.cases:
            word = "ok" if case.passed else "FAIL"
            yield f"  {self._paint(word, f'{word:<4}')}  {case.case.name}"
            for kind, text in details(str(run.suite.file), case):
                yield self._paint(kind, f"    {text}")

    def coverage(self, coverage: Coverage) -> Iterator[str]:
        """Every scenario, with what of it was not walked."""
        yield "coverage"
        for found in coverage.scenarios:
            entered, nodes, taken, edges = found.counts()
            word = "ok" if found.percent == 100 else "FAIL"
            percent = self._paint(word, f"{found.percent:5.1f} %")
            yield f"  {percent}  {found.file}: {entered} of {nodes} nodes, {taken} of {edges} edges"
            for missing in found.missing():
                yield f"           {found.file}:{missing.line} {missing.text}"

    def _paint(self, kind: str, text: str) -> str:
        code = _COLOURS.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours and code else text


def summary(runs: Sequence[SuiteRun]) -> str:
    """What came out of it, in a line."""
    cases = [case for run in runs for case in run.cases]
    failed, broken = sum(not case.passed for case in cases), sum(bool(run.suite.findings) for run in runs)
    told = [f"{len(cases) - failed} passed"]
    told += [f"{failed} failed"] if failed else []
    told += [f"{broken} file{'s' if broken != 1 else ''} could not be run"] if broken else []
    talked = sum(case.simulation.record.duration for case in cases if case.simulation)
    return f"{', '.join(told)}; {talked:,.0f} s of calls in {sum(run.seconds for run in runs):.2f} s"


def as_dict(runs: Sequence[SuiteRun], coverage: Coverage | None) -> dict[str, Any]:
    """JSON-ready: what `--format json` prints."""
    cases = [case for run in runs for case in run.cases]
    report: dict[str, Any] = {
        "passed": sum(case.passed for case in cases),
        "failed": sum(not case.passed for case in cases),
        "files": [_suite(run) for run in runs],
    }
    if coverage is not None:
        report["coverage"] = [_scenario(found) for found in coverage.scenarios]
    return report


def _suite(run: SuiteRun) -> dict[str, Any]:
    return {
        "file": str(run.suite.file),
        "scenario": None if run.suite.scenario is None else str(run.suite.scenario),
        "findings": [asdict(found) for found in run.suite.findings],
        "tests": [_case(case) for case in run.cases],
    }


def _case(run: CaseRun) -> dict[str, Any]:
    record = run.simulation.record.as_dict() if run.simulation else {}
    return {
        "name": run.case.name,
        "line": run.case.line,
        "passed": run.passed,
        "seconds": round(run.seconds, 4),
        "result": record.get("result"),
        "path": record.get("path", []),
        "failures": [asdict(failure) for failure in run.failures],
    }


def _scenario(found: ScenarioCoverage) -> dict[str, Any]:
    entered, nodes, taken, edges = found.counts()
    return {
        "scenario": str(found.file),
        "percent": found.percent,
        "nodes": {"walked": entered, "of": nodes},
        "edges": {"walked": taken, "of": edges},
        "missing": [missing._asdict() for missing in found.missing()],
    }
