"""`flowctl test --from-record`: what other people did in the recorded call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tools.flowctl.commands.simulate import app as simulate
from tools.flowctl.commands.test import app

SCENARIO = """
format: 1
name: others
language: en
variables: {{number: {{type: string, default: ""}}}}
start: first
nodes:
  first: {node}
  other: {{type: hangup}}
"""
CONFIRMED = """{{type: bridge, to: "{to}", timeout: 10s, confirm: {{key: "1", prompt: [{{tone: beep}}]}},
          on: {{ended: other, busy: end, no_answer: end, rejected: end, failed: end}}}}"""
CROWDED = """{type: agent_search, centre: support, method: broadcast, timeout: 10s, max_waiting: 3,
          on: {transferred: end, nobody: end, timeout: end, full: other}}"""


def retold(folder: Path, node: str, story: str) -> tuple[int, str]:
    scenario, script, record = folder / "scenario.yaml", folder / "story.yaml", folder / "record.json"
    scenario.write_text(SCENARIO.format(node=node))
    script.write_text(story)
    record.write_text(
        CliRunner().invoke(simulate, [str(scenario), "--script", str(script), "--format", "json"]).stdout
    )
    assert json.loads(record.read_text())["path"][0]["outcome"] in ("full", "ended")
    result = CliRunner().invoke(app, ["--from-record", str(record), str(scenario)])
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("node", "story"),
    [
        (CONFIRMED.format(to="0143670910"), 'numbers: {"0143670910": {does: answer, presses: "1", talks: 5s}}'),
        (CROWDED, "waiting: {support: 3}\nagents: {support: [{code: '1', does: ignore}]}"),
    ],
    ids=["confirmed by a key", "as many waited as may"],
)
def test_the_test_takes_the_same_path(tmp_path: Path, node: str, story: str):
    status, text = retold(tmp_path, node, story)
    assert status == 0, text


def test_a_number_that_a_variable_held_is_to_be_filled_in(tmp_path: Path):
    node = """{type: set, values: {number: '"0143670910"'}, next: call}
  call: {type: bridge, to: "${number}", on: {ended: other, busy: end, no_answer: end, rejected: end, failed: end}}"""
    scenario, record = tmp_path / "scenario.yaml", tmp_path / "record.json"
    scenario.write_text(SCENARIO.format(node=node))
    record.write_text(CliRunner().invoke(simulate, [str(scenario), "--cli", "1", "--format", "json"]).stdout)
    text = CliRunner().invoke(app, ["--from-record", str(record), str(scenario)]).stdout
    assert "# call: fill in `numbers`" in text
    assert '"":' not in text
