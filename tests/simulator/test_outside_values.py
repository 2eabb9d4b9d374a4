"""Values from outside on a simulated call: what is sent, said, and kept out of the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tools.flowctl.commands.simulate import app

HEAD = "format: 1\nname: values\nlanguage: en\nvoice: en\n"


def written(folder: Path, text: str, story: str) -> tuple[Path, Path]:
    scenario, script = folder / "scenario.yaml", folder / "story.yaml"
    scenario.write_text(HEAD + text)
    script.write_text(story)
    return scenario, script


def simulate(*words: object) -> tuple[dict[str, Any], str]:
    result = CliRunner().invoke(app, [*map(str, words), "--format", "json"])
    return json.loads(result.stdout), result.output


def test_a_day_and_a_time_of_a_row_are_said(tmp_path: Path):
    scenario, script = written(
        tmp_path,
        """
start: row
nodes:
  row: {type: lookup, source: s, table: t, by: {a: call.cli}, into: c, on: {found: tell, not_found: end, error: end}}
  tell: {type: play, prompt: [{date: c.born}, {time: c.opens}, {date: c.since}, {time: c.since}], next: end}
""",
        'lookups: {row: {born: "1980-02-29", opens: "09:05:00", since: "2020-01-02 21:00:00"}}\n',
    )
    call, output = simulate(scenario, "--script", script)
    assert call["warnings"] == [], output
    assert call["heard"] == [
        "say: February twenty-ninth, nineteen eighty",
        "say: nine oh five AM",
        "say: January second, twenty twenty",
        "say: nine PM",
    ]


def test_what_is_in_a_masked_row_is_in_no_record(tmp_path: Path):
    scenario, script = written(
        tmp_path,
        """
start: row
variables: {pin: {type: string, masked: true, default: "4711"}}
nodes:
  row: {type: lookup, source: s, table: t, by: {pin: pin}, into: c, on: {found: warn, not_found: end, error: end}}
  warn: {type: alert, subject: "account ${c.iban}", next: call}
  call: {type: transfer, to: "${c.phone}", on: {transferred: end, busy: end, no_answer: end, failed: end}}
""",
        'lookups: {row: {iban: FR7630006000, phone: "0143670911"}}\n',
    )
    call, output = simulate(scenario, "--script", script)
    assert call["result"] == "transferred", output
    assert call["transferred_to"] == "x" * 10
    assert "FR76" not in output
    assert "0143670911" not in output
