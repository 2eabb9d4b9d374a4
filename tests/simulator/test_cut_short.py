"""What a record says of a conversation that the scenario's `max_duration` ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl.commands.simulate import app

SCENARIO = """
format: 1
name: cut
max_duration: 20s
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: {method}
    timeout: 15s
    on: {{transferred: end, nobody: end, timeout: end}}
"""


def record(folder: Path, method: str, agents: str) -> dict[str, Any]:
    scenario, story = folder / "scenario.yaml", folder / "story.yaml"
    scenario.write_text(SCENARIO.format(method=method))
    story.write_text(f"agents: {{support: {agents}}}\n")
    result = CliRunner().invoke(app, [str(scenario), "--script", str(story), "--format", "json"])
    call: dict[str, Any] = json.loads(result.stdout)
    return call


@pytest.mark.parametrize("method", ["sequential", "broadcast"])
def test_the_agent_had_the_call_however_it_ended(tmp_path: Path, method: str):
    call = record(tmp_path, method, '[{code: "201", after: 2s, does: accept, talks: 10m}]')
    assert (call["result"], call["agent"], call["duration"]) == ("transferred", "201", 20.0)
    assert call["reason"] == "max_duration reached"


def test_nobody_had_it_when_it_rang_until_the_end(tmp_path: Path):
    call = record(tmp_path, "broadcast", '[{code: "201", after: 10m, does: accept}]')
    assert (call["result"], call["agent"]) == ("ended", None)
