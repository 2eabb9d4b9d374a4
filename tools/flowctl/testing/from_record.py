"""`flowctl test --from-record`: the record of a call in, a test file out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.flowctl.simulator.numbers import dial_plan_of
from tools.flowctl.simulator.run import simulate
from tools.flowctl.simulator.story import story_of_mapping
from tools.flowctl.testing.recorded import Visit, find_subject, read_call, visits
from tools.flowctl.testing.retell import Tale, retell
from tools.flowctl.testing.suite import Subject

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ /.-]*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off"])


def test_of_record(file: Path, identity: str | None, paths: Sequence[Path]) -> tuple[str, bool]:
    """The text of a test file with the one test, and whether that test takes the recorded path.

    Raises ConfigurationError when there is no such record or scenario.
    """
    call = read_call(file, identity)
    subject = find_subject(call.scenario, file, paths)
    gone_through = visits(call, subject)
    tale = retell(call, gone_through)
    if call.version and call.version != subject.compiled.version:
        tale.remarks.append("the scenario has changed since the call")
    same = _takes_the_path(tale, subject, gone_through)
    if not same:
        tale.remarks.insert(0, "this test does not take the recorded path yet")
    return as_yaml(tale, subject.compiled.path.name), same


def _takes_the_path(tale: Tale, subject: Subject, wanted: Sequence[Visit]) -> bool:
    plan = story_of_mapping(tale.test, ("name", "expect")).plan()
    plan.catalogue, plan.directory = subject.catalogue, subject.project.directory
    plan.dialling = dial_plan_of(subject.project)
    simulation = simulate(subject.compiled, plan)
    taken = [(step.node, step.outcome) for step in simulation.record.path]
    result = tale.test["expect"]["result"]
    return simulation.record.result == result and taken == [(visit.name, visit.outcome) for visit in wanted]


def as_yaml(tale: Tale, scenario: str) -> str:
    """A test file, to be kept beside the scenario."""
    lines = [f"# {remark}" for remark in tale.remarks]
    lines += [f"scenario: {_flow(scenario)}", "tests:"]
    for index, (key, value) in enumerate(tale.test.items()):
        lead = "  - " if index == 0 else "    "
        if key == "caller":
            lines += [f"{lead}{key}:", *(f"      - {_pairs(step)}" for step in value)]
        elif key == "expect":
            lines += [f"{lead}{key}:", *(f"      {name}: {_flow(item)}" for name, item in value.items())]
        else:
            lines.append(f"{lead}{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value on one line. Every text that might be taken for something else has quotes."""
    if isinstance(value, dict):
        return f"{{{_pairs(value)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str) and (not _PLAIN.fullmatch(value) or value.lower() in _WORDS or value.endswith(" ")):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else json.dumps(value)


def _pairs(mapping: dict[str, Any]) -> str:
    return ", ".join(f"{_flow(key)}: {_flow(value)}" for key, value in mapping.items())
