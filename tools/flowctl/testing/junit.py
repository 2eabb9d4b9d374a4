"""Test runs as JUnit XML, the form that CI servers read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from tools.flowctl.simulator.reading import in_a_line
from tools.flowctl.testing.report import details
from tools.flowctl.testing.runner import CaseRun, SuiteRun

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) cannot hold, not even escaped."""


def as_junit(runs: Sequence[SuiteRun]) -> str:
    """One `testsuite` for each file, one `testcase` for each test; a file that cannot be run is one test with an
    `error`. Times in seconds."""
    root = ET.Element("testsuites")
    for run in runs:
        root.append(_suite(run))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(run.seconds for run in runs):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: SuiteRun) -> ET.Element:
    file, broken = str(run.suite.file), run.suite.findings
    suite = ET.Element(
        "testsuite",
        name=_clean(file),
        tests=str(len(run.cases) + bool(broken)),
        failures=str(sum(not case.passed for case in run.cases)),
        errors=str(int(bool(broken))),
        skipped="0",
        time=f"{run.seconds:.3f}",
        file=_clean(file),
    )
    if broken:
        case = ET.SubElement(suite, "testcase", name="the file can be run", classname=_clean(file), time="0.000")
        case.set("file", _clean(file))
        error = ET.SubElement(case, "error", message=_clean(broken[0].message), type=broken[0].rule)
        error.text = _clean("\n".join(in_a_line(found) for found in broken))
    for done in run.cases:
        suite.append(_case(file, done))
    return suite


def _case(file: str, run: CaseRun) -> ET.Element:
    element = ET.Element(
        "testcase",
        name=_clean(run.case.name),
        classname=_clean(file),
        time=f"{run.seconds:.3f}",
        file=_clean(file),
        line=str(run.case.line),
    )
    if run.failures:
        first = run.failures[0]
        failure = ET.SubElement(element, "failure", message=_clean(first.message), type=first.what)
        failure.text = _clean("\n".join(line for _, line in details(file, run)))
    return element


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
