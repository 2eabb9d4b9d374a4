"""What a waiting caller is told."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from engine.centres.waiting import Entertainment
from tools.flowctl.commands.simulate import app

SCENARIO = """
format: 1
name: queue
language: fr-FR
voice: fr
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 9s
    announce: {position: true, every: 5s}
    on: {transferred: end, nobody: end, timeout: end}
"""


def test_the_place_behind_those_who_wait_in_the_story(tmp_path: Path):
    scenario, story = tmp_path / "scenario.yaml", tmp_path / "story.yaml"
    scenario.write_text(SCENARIO)
    story.write_text('waiting: {support: 2}\nagents: {support: [{code: "201", does: ignore}]}\n')
    result = CliRunner().invoke(app, [str(scenario), "--script", str(story), "--format", "json"])
    assert "say: Vous êtes en position 3." in json.loads(result.stdout)["heard"], result.output


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (59, "The expected wait is less than one minute."),
        (60, "The expected wait is about one minute."),
        (80, "The expected wait is about one minute."),
        (100, "The expected wait is about 2 minutes."),
    ],
)
def test_how_long_it_will_take(seconds: float, told: str):
    centres = SimpleNamespace(position=lambda *_: 1, expected_wait=lambda *_: seconds)
    call = SimpleNamespace(services=SimpleNamespace(centres=centres), language="en")
    node = SimpleNamespace(announce=SimpleNamespace(position=False, expected_wait=True), centre="support")
    assert Entertainment(cast("Any", call), cast("Any", node), object())._announcements() == [told]
