"""`flowctl test --from-record`: a recorded call becomes a test that takes the same path."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from nodes.test_goldens import compile_golden, golden_calls
from support.house import House, in_house
from typer.testing import CliRunner

from engine.audio.clip import RATE, Clip
from tools.flowctl.commands.test import app
from tools.flowctl.simulator.run import simulate
from tools.flowctl.simulator.story import story_of_mapping
from tools.flowctl.testing.from_record import test_of_record as told_again

NOT_TOLD = {"lookup", "http", "mailbox"}
"""Node types whose outcome hangs on what is in no record."""


CALLS: dict[str, list[dict[str, Any]]] = {}
for name, call in (golden.values for golden in golden_calls()):
    CALLS.setdefault(name, []).append(call)


@pytest.mark.parametrize("name", CALLS)
def test_every_golden_call_takes_its_path_again(name: str, tmp_path: Path):
    compiled, catalogue = compile_golden(name, tmp_path)
    record = tmp_path / "record.json"
    for call in CALLS[name]:
        plan = story_of_mapping(call, ("name", "expect")).plan()
        plan.catalogue = catalogue
        record.write_text(json.dumps(simulate(compiled, plan).as_dict(), default=str))
        text, same = told_again(record, None, [])
        assert same or (name in NOT_TOLD and "fill in" in text), text


SCENARIO = """\
format: 1
name: desk
did: ["32"]
time_zone: Europe/Paris
variables: {pin: {masked: true}}
start: welcome
nodes:
  welcome: {type: play, prompt: [{silence: 2s}], next: choice}
  choice:
    type: menu
    prompt: [{silence: 1s}]
    options: {"1": code, "2": message}
    attempts: 3
    on: {no_input: silence, no_match: silence}
  silence:
    type: menu
    prompt: [{silence: 1s}]
    options: {"9": message}
    attempts: 1
    on: {no_input: end, no_match: end}
  code:
    type: collect
    prompt: [{silence: 1s}]
    variable: pin
    min_digits: 4
    max_digits: 4
    on: {collected: message, no_input: end, invalid: end}
  message: {type: voicemail, mailbox: box, on: {recorded: choice, empty: end}}
"""


def record_of(tmp_path: Path, *acts: tuple[float, str]) -> tuple[Path, dict[str, Any]]:
    """A call on a server with virtual lines, whose caller does something at some seconds: keys, `speaks N` or
    `hangs up`. Its record, as `flowctl records` prints it."""

    async def story(house: House) -> None:
        party = house.driver.call("32", "0143670903")
        now = 0.0
        for at, act in acts:
            await asyncio.sleep(at - now)
            now = at
            if act == "hangs up":
                party.hang_up()
            elif act.startswith("speaks"):
                await party.say(Clip(b"\x00\x20" * (RATE * int(act.split()[1]))))
                now += int(act.split()[1])
            else:
                party.press(act)
        await house.settle()

    (record,) = in_house(tmp_path, {"scenario.yaml": SCENARIO}, story).records()
    file = tmp_path / "calls.json"
    file.write_text(json.dumps([record]))
    return file, record


@pytest.mark.parametrize(
    "acts",
    [
        [],
        [(5, "2"), (8, "hangs up")],
        [(2.5, "hangs up")],
        # The second menu's key must not go to the first, which the caller let pass in silence.
        [(22, "9"), (25, "speaks 4")],
        # Wrong key, then the right one; a message ended by #, then back in the menu.
        [(4, "7"), (6, "2"), (8, "speaks 6"), (15, "#"), (17, "1"), (19, "1234"), (30, "hangs up")],
        [(4, "1"), (5, "1"), (6, "2"), (7, "3"), (8, "4"), (10, "speaks 5"), (16, "hangs up")],
    ],
    ids=lambda acts: " ".join(act for _, act in acts) or "silence",
)
def test_a_call_on_a_server_is_told_again(tmp_path: Path, acts: list[tuple[float, str]]):
    file, record = record_of(tmp_path, *acts)
    scenario = tmp_path / "flows" / "scenario.yaml"
    result = CliRunner().invoke(app, ["--from-record", str(file), str(scenario)])
    assert result.exit_code == 0, result.output
    written = scenario.with_name("again.test.yaml")
    written.write_text(result.stdout)
    result = CliRunner().invoke(app, [str(written), "--format", "json"])
    (test,) = json.loads(result.stdout)["files"][0]["tests"]
    assert test["passed"], test
    assert [(s["node"], s["outcome"]) for s in test["path"]] == [(s["node"], s["outcome"]) for s in record["path"]]


def test_masked_keys_are_to_be_filled_in(tmp_path: Path):
    file, record = record_of(tmp_path, (4, "1"), (6, "4711"))
    text, _ = told_again(file, None, [tmp_path / "flows"])
    assert record["keys"] == "1xxxx"
    assert text.startswith("# code: the record does not show these keys: fill in instead of 0\n")
    assert '- presses: "0000"' in text


def test_the_call_is_chosen_by_its_id_and_the_last_one_otherwise(tmp_path: Path):
    file, record = record_of(tmp_path, (2.5, "hangs up"))
    later = {**record, "id": "later", "cli": "0611"}
    file.write_text(json.dumps([record, later]))
    flows = [tmp_path / "flows"]
    assert "0611" in told_again(file, None, flows)[0]
    assert "0611" not in told_again(file, record["id"], flows)[0]


def test_a_scenario_that_has_changed_is_said_to_have(tmp_path: Path):
    file, _ = record_of(tmp_path, (2.5, "hangs up"))
    scenario = tmp_path / "flows" / "scenario.yaml"
    scenario.write_text(SCENARIO + "# a remark\n")
    assert "# the scenario has changed since the call" in told_again(file, None, [scenario])[0]


def test_what_a_record_cannot_tell_ends_with_1(tmp_path: Path):
    file, record = record_of(tmp_path, (2.5, "hangs up"))
    record["path"][0]["outcome"] = "error"
    record["path"][0]["node"] = "silence"
    file.write_text(json.dumps(record))
    result = CliRunner().invoke(app, ["--from-record", str(file), str(tmp_path / "flows")])
    assert result.exit_code == 1
    assert "# this test does not take the recorded path yet" in result.stdout


@pytest.mark.parametrize(
    ("content", "words", "named"),
    [
        ("[]", [], "no call None"),
        ("{}", [], "not the record of a call"),
        ("[1]", [], "no call"),
        ("a b c", [], "not JSON"),
        ('{"id": "a"}', ["--call", "b"], "the last ones are a"),
        ("\xff", [], "not the record"),
    ],
)
def test_a_file_that_holds_no_record_ends_with_2(tmp_path: Path, content: str, words: list[str], named: str):
    file = tmp_path / "calls.json"
    file.write_text(content)
    result = CliRunner().invoke(app, ["--from-record", str(file), *words])
    assert result.exit_code == 2
    assert named in result.output or content == "\xff"


def test_a_scenario_that_is_not_there_ends_with_2(tmp_path: Path):
    file, record = record_of(tmp_path, (2.5, "hangs up"))
    for change in ({"scenario": "other"}, {"path": [{"node": "gone", "at": 0}]}):
        file.write_text(json.dumps({**record, **change}))
        result = CliRunner().invoke(app, ["--from-record", str(file), str(tmp_path / "flows")])
        assert result.exit_code == 2, result.output
