"""Every node type has a golden file: a scenario and the calls through it, run by the simulator.

The test goes over the registry, so a node type without its file fails.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from engine.nodes.registry import node_types
from engine.scenario.check import check
from engine.scenario.load import read_mapping
from tools.flowctl.simulator import caller, people
from tools.flowctl.simulator.run import Plan, simulate

HERE = Path(__file__).parent


def golden_calls() -> list[Any]:
    found = []
    for name in node_types():
        path = HERE / f"{name}.yaml"
        if not path.is_file():
            found.append(pytest.param(name, {}, id=f"{name}: no golden file"))
            continue
        calls = read_mapping(path)["calls"]
        found.extend(pytest.param(name, call, id=f"{name}: {call['name']}") for call in calls)
    return found


@pytest.mark.parametrize(("name", "call"), golden_calls())
def test_golden(name: str, call: dict[str, Any]) -> None:
    assert call, f"write tests/nodes/{name}.yaml: every node type has a golden file"
    document = read_mapping(HERE / f"{name}.yaml")["scenario"]
    text = io.StringIO()
    YAML().dump({"format": 1, "name": name, "did": ["32"], "time_zone": "Europe/Paris", **document}, text)
    checked = check(HERE / f"{name}.scenario.yaml", text.getvalue())
    assert checked.compiled is not None, checked.diagnostics
    assert name in {node.type for node in checked.compiled.scenario.nodes.values()}
    simulation = simulate(
        checked.compiled,
        Plan(
            at=datetime.fromisoformat(call.get("at", "2027-07-13T10:00")),
            cli=call.get("cli", "0143670903"),
            people=people.from_document(call.get("agents", {})),
            steps=caller.from_document(call.get("caller", [])),
        ),
    )
    record = simulation.record
    seen = {
        "path": [step.node for step in record.path],
        "outcomes": [step.outcome for step in record.path],
        "result": record.result,
        "heard": simulation.heard,
        "keys": record.keys,
        "variables": simulation.variables,
        "duration": round(record.duration, 1),
        "recordings": [round(r["duration"], 1) for r in record.recordings],
        "warnings": len(record.warnings),
        "agent": record.agent,
        "answered": record.answered is not None,
    }
    expected = call["expect"]
    assert {key: seen[key] for key in expected} == expected
    assert simulation.unmet is None, f"the caller waited in vain: {simulation.unmet}"
