"""A simulated call may dial what the scenario's server may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl.main import app

SCENARIO = """
format: 1
name: away
did: ["32"]
start: connect
nodes:
  connect: {type: bridge, to: "TO", on: {ended: end, busy: taken, no_answer: end, rejected: end, failed: lost}}
  taken: {type: hangup}
  lost: {type: hangup}
"""

BELGIUM = 'country: BE\ntelephony: {allow: ["+3290"]}\n'


def simulated(root: Path, to: str, server: str | None, cli: str = "022345678") -> dict[str, Any]:
    if server is not None:
        (root / "server.yaml").write_text(server)
    (root / "flows").mkdir()
    (root / "flows" / "away.yaml").write_text(SCENARIO.replace("TO", to))
    story = {"at": "2027-07-14T10:00", "numbers": {to: "busy"}}
    (root / "story.yaml").write_text(json.dumps(story))
    command = ["simulate", str(root / "flows" / "away.yaml"), "--script", str(root / "story.yaml"), "--cli", cli]
    result = CliRunner().invoke(app, [*command, "--format", "json"])
    simulation: dict[str, Any] = json.loads(result.stdout)
    return simulation


@pytest.mark.parametrize(
    ("to", "server", "outcome"),
    [
        ("01 43 67 09 10", None, "busy"),
        ("+33143670910", None, "busy"),
        ("240", None, "busy"),
        ("08 99 12 34 56", None, "failed"),
        ("112", None, "failed"),
        ("+3222345679", None, "failed"),
        ("+3222345679", BELGIUM, "busy"),
        ("022345679", BELGIUM, "busy"),
        ("0900 12 345", BELGIUM, "busy"),
        ("0902 12 345", BELGIUM, "busy"),
        ("070 22 12 34", BELGIUM, "failed"),
        ("+33143670910", BELGIUM, "failed"),
        ("+3222345679", "telephony: {allow: nonsense}", "failed"),
    ],
)
def test_the_rules_of_the_server_hold(tmp_path: Path, to: str, server: str | None, outcome: str):
    simulation = simulated(tmp_path, to, server)
    assert simulation["path"][0]["outcome"] == outcome
    assert len(simulation["warnings"]) == (outcome == "failed")


def test_the_caller_is_read_in_the_country_of_the_server(tmp_path: Path):
    assert simulated(tmp_path, "022345679", BELGIUM)["caller"] == "+3222345678"
