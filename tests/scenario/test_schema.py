"""The generated schema: valid draft-07, what editors need, and no drift."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from engine.nodes.registry import node_types
from engine.scenario.schema import scenario_schema, written_duration
from tools.docs.generate import drift, generated
from tools.docs.node_pages import MissingGolden, node_pages


def test_generated_files_are_up_to_date() -> None:
    assert drift(generated()) == []


def test_drift_is_told() -> None:
    files = generated()
    changed = {**files, "docs/nodes/wait.md": "another text", "docs/rules/E9999.md": "new"}
    del changed["docs/nodes/menu.md"]
    assert drift(changed) == [
        "docs/nodes/wait.md is out of date",
        "docs/rules/E9999.md is missing",
        "docs/nodes/menu.md is left over",
    ]


def test_it_is_a_draft_07_schema() -> None:
    Draft7Validator.check_schema(scenario_schema())


@pytest.mark.parametrize("name", sorted(node_types()))
def test_every_parameter_is_described_and_outcomes_are_closed(name: str) -> None:
    model = node_types()[name]
    definition: dict[str, Any] = scenario_schema()["definitions"][model.__name__]
    assert definition["additionalProperties"] is False
    for key, part in definition["properties"].items():
        assert key == "type" or part.get("description"), f"{name}.{key} has no description"
    assert set(definition["properties"]["on"]["properties"]) == {*model.outcomes, "error"}
    assert ("next" in definition["properties"]) == (model.outcomes == ("next",))


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.5, "500ms"), (1.0, "1s"), (1.5, "1.5s"), (60.0, "1m"), (90.0, "90s"), (120.0, "2m")]
)
def test_durations_are_shown_as_they_are_written(seconds: float, written: str) -> None:
    assert written_duration(seconds) == written


def test_a_node_type_without_golden_file_is_named(tmp_path: Path) -> None:
    goldens = tmp_path / "tests" / "nodes"
    shutil.copytree(Path(__file__).parents[1] / "nodes", goldens)
    (goldens / "wait.yaml").unlink()
    with pytest.raises(MissingGolden, match=r"^missing: tests/nodes/wait\.yaml; CONTRIBUTING\.md"):
        node_pages(goldens)
