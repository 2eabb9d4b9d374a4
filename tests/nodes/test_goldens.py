"""Every node type has a golden file: a scenario and the calls through it, run by the simulator.

The test goes over the registry, so a node type without its file fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.nodes.registry import node_types
from engine.outside.ports import Mail
from engine.scenario.check import called_scenarios, check
from engine.scenario.compile import CompiledScenario
from engine.scenario.load import read_mapping
from engine.scenario.project import Project
from tools.flowctl.simulator.run import simulate
from tools.flowctl.simulator.story import story_of_mapping

if TYPE_CHECKING:
    from drivers.virtual import Party

HERE = Path(__file__).parent
FRAME = {"format": 1, "time_zone": "Europe/Paris", "voice": "en"}


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


def compile_golden(name: str, folder: Path) -> tuple[CompiledScenario, Mapping[str, CompiledScenario]]:
    """The scenario of a golden file, and those that it calls, from the file's `others`."""
    document = read_mapping(HERE / f"{name}.yaml")
    (folder / "prompts").symlink_to(HERE / "prompts")
    for other, content in {name: document["scenario"], **document.get("others", {})}.items():
        whole = {**FRAME, "name": other, **({"did": ["32"]} if other == name else {}), **content}
        # JSON is YAML in which every text is quoted.
        (folder / f"{other}.yaml").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    project = Project(folder)
    checked = check(folder / f"{name}.yaml", project=project)
    assert checked.compiled is not None, checked.diagnostics
    assert name in {node.type for node in checked.compiled.scenario.nodes.values()}
    catalogue, errors = called_scenarios(checked.compiled, project)
    assert errors == []
    return checked.compiled, catalogue


def shown(mail: Mail) -> str:
    files = f"{len(mail.attach)} file{'' if len(mail.attach) == 1 else 's'}"
    return f"{' '.join(mail.to)}: {mail.subject} ({files})"


@pytest.mark.parametrize(("name", "call"), golden_calls())
def test_golden(name: str, call: dict[str, Any], tmp_path: Path) -> None:
    assert call, f"write tests/nodes/{name}.yaml: every node type has a golden file"
    compiled, catalogue = compile_golden(name, tmp_path)
    parties: list[Party] = []
    plan = story_of_mapping(call, ("name", "expect")).plan()
    plan.catalogue, plan.watch = catalogue, lambda party, _: parties.append(party)
    simulation = simulate(compiled, plan)
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
        "recorded": [r["kind"] for r in record.recordings],
        "warnings": len(record.warnings),
        "agent": record.agent,
        "answered": record.answered is not None,
        "reason": record.reason,
        "mails": [shown(mail) for mail in simulation.mails],
        "alerts": [shown(mail) for mail in simulation.alerts],
        "hangup": parties[0].leg.ended.result().cause.value,
    }
    expected = call["expect"]
    assert {key: seen[key] for key in expected} == expected
    assert simulation.unmet is None, f"the caller waited in vain: {simulation.unmet}"
