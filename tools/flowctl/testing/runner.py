"""Runs the tests of a file, one call after another, each on its own virtual clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.flowctl.simulator.run import Simulation, simulate
from tools.flowctl.testing.expect import Failure
from tools.flowctl.testing.suite import Case, Suite


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One test that was run. `seconds` is what it took, in real time."""

    case: Case
    simulation: Simulation | None
    failures: list[Failure]
    seconds: float

    @property
    def passed(self) -> bool:
        """True when everything was as expected."""
        return not self.failures


@dataclass(slots=True)
class SuiteRun:
    """A test file whose tests were run, as far as it can be read."""

    suite: Suite
    cases: list[CaseRun] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when nothing is wrong with the file, its scenarios and its tests."""
        return not self.suite.findings and all(run.passed for run in self.cases)

    @property
    def seconds(self) -> float:
        """Real time that its calls took."""
        return sum(run.seconds for run in self.cases)


def run_suite(suite: Suite, wanted: Callable[[Case], bool] = lambda _: True) -> SuiteRun:
    """Run the tests that are wanted."""
    run = SuiteRun(suite)
    if not suite.findings:
        run.cases = [run_case(suite, case) for case in suite.cases if wanted(case)]
    return run


def run_case(suite: Suite, case: Case) -> CaseRun:
    """Run one test."""
    if suite.subject is None:
        raise ValueError(f"{suite.file}: its scenario cannot be run")
    began = time.perf_counter()
    simulation, failures = None, []
    try:
        simulation = simulate(suite.subject.compiled, case.plan(suite.subject))
        failures = case.expect.judge(simulation, case.line)
    except Exception as error:  # noqa: BLE001 - a call that breaks the simulator must not keep the others from running
        reason = " ".join(str(error).split())[:300]
        failures.append(Failure("error", f"the simulator failed: {type(error).__name__}: {reason}", case.line))
    return CaseRun(case, simulation, failures, time.perf_counter() - began)
