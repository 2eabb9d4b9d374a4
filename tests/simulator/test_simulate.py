"""`flowctl simulate` as a command: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl.commands.simulate import app

SCENARIO = """
format: 1
name: demo
did: ["32"]
time_zone: Europe/Paris
variables: {pin: {masked: true}}
start: beep
nodes:
  beep: {type: play, prompt: [{tone: beep}], next: choice}
  choice:
    type: menu
    prompt: [{say: "one for an agent, two for the code"}]
    options: {"1": find, "2": code}
    attempts: 1
    on: {no_input: message, no_match: message}
  find:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 10s
    on: {transferred: end, nobody: message, timeout: message}
  code:
    type: collect
    prompt: [{say: "code"}]
    variable: pin
    max_digits: 4
    on: {collected: copy, no_input: end, invalid: end}
  copy: {type: set, values: {again: "pin + pin"}, next: call}
  call:
    type: bridge
    to: "sip:${pin}@simulated"
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
  message:
    type: voicemail
    mailbox: box
    on: {recorded: end, empty: end}
voice: en
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    return path


def simulate(*words: object) -> tuple[int, dict[str, Any], str]:
    result = CliRunner().invoke(app, [*map(str, words), "--format", "json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    printed = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    return result.exit_code, printed, result.output


def test_json_is_the_path_what_was_heard_the_variables_and_the_result(scenario: Path):
    status, call, _ = simulate(scenario, "--press", "1", "--agents", "support=201:accept@4s")
    assert status == 0
    assert call["path"][-1] == {"node": "find", "type": "agent_search", "outcome": "transferred", "at": 2.667}
    assert [step["node"] for step in call["path"]] == ["beep", "choice", "find"]
    assert call["heard"] == ["tone: beep", "say: one for an agent, two for the code", "tone: ringback"]
    assert (call["result"], call["agent"], call["did"], call["keys"]) == ("transferred", "201", "32", "1")


@pytest.mark.parametrize(
    ("agents", "outcome"),
    [
        ("support=nobody", "nobody"),
        ("support=201:ignore", "timeout"),
        ("support=timeout", "timeout"),
        ("support = transferred; sales=nobody", "transferred"),
        ("", "nobody"),
        ("sales=1:accept", "nobody"),
    ],
)
def test_agents_decide_the_outcome_of_a_search(scenario: Path, agents: str, outcome: str):
    _, call, _ = simulate(scenario, "--press", "1", "--agents", agents)
    assert call["path"][2]["outcome"] == outcome


def test_masked_keys_are_masked_wherever_they_go(scenario: Path):
    status, call, output = simulate(scenario, "--press", "29876")
    assert status == 0
    assert call["keys"] == "2xxxx"
    assert call["variables"] == {"pin": "xxxx", "again": "xxxxxxxx"}
    assert "9876" not in output


def test_a_script_tells_the_story_of_a_caller(scenario: Path, tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text(
        """
at: "2027-07-14T10:00"
call: {did: "4321", cli: "0611223344"}
agents: {support: [{code: "7", after: 1s, does: reject}]}
caller:
  - hears: "two for the code"
  - presses: "1"
  - hears: "tone: beep"
    to_the_end: true
  - speaks: 6s
  - hangs_up: true
"""
    )
    status, call, output = simulate(scenario, "--script", script)
    assert (status, call["result"]) == (0, "caller_hung_up"), output
    assert [step["node"] for step in call["path"]] == ["beep", "choice", "find", "message"]
    assert (call["did"], call["cli"], call["started"][:16]) == ("4321", "0611223344", "2027-07-14T08:00")
    assert call["recordings"][0]["duration"] == 6.0


def test_the_command_line_wins_over_the_script(scenario: Path, tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text('call: {did: "1", cli: "2"}\nat: "2027-01-01T00:00"\n')
    _, call, _ = simulate(scenario, "--script", script, "--did", "5", "--cli", "6", "--at", "2027-02-02T12:00+00:00")
    assert (call["did"], call["cli"], call["started"][:13]) == ("5", "6", "2027-02-02T12")


def test_a_step_that_never_comes_about_is_a_failure_that_names_it(scenario: Path, tmp_path: Path):
    script = tmp_path / "script.yaml"
    script.write_text("caller: [{hears: nothing.wav}, {hangs_up: true}]\n")
    status, _, output = simulate(scenario, "--script", script)
    assert status == 1
    assert "hears nothing.wav" in output


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("caller: [{shouts: 3s}]", "step 1"),
        ("caller: [{presses: x}]", "step 1: presses"),
        ("caller: [{presses: 1}]", "in quotes"),
        ("caller: [{hangs_up: false}]", "write true"),
        ("caller: [{to_the_end: true}]", "step 1"),
        ("caller: [{waits: 3}]", "not a duration"),
        ("caller: press 1", "must be a list"),
        ('call: "32"', "call:"),
        ("call: {from: x}", "call:"),
        ("agents: {support: [201]}", "agents.support"),
        ("agents: {support: [{code: 1, does: dance}]}", "dance"),
        ("expect: {result: ended}", "unknown key `expect`"),
        ("at: tomorrow", "tomorrow"),
    ],
)
def test_a_wrong_script_is_refused_by_name(scenario: Path, tmp_path: Path, text: str, named: str):
    script = tmp_path / "script.yaml"
    script.write_text(text)
    status, _, output = simulate(scenario, "--script", script)
    assert status == 2
    assert named in output


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--press", "1x"], 2),
        (["--agents", "support"], 2),
        (["--agents", "support=201:dances"], 2),
        (["--at", "yesterday"], 2),
        (["--script", "nowhere.yaml"], 2),
    ],
)
def test_wrong_options_end_with_2(scenario: Path, words: list[str], status: int):
    assert simulate(scenario, *words)[0] == status


def test_a_broken_scenario_ends_with_1_and_its_findings(tmp_path: Path):
    broken = tmp_path / "scenario.yaml"
    broken.write_text(SCENARIO.replace("next: choice", "next: choise"))
    result = CliRunner().invoke(app, [str(broken)])
    assert result.exit_code == 1
    assert "E1001" in result.output


def test_no_file_ends_with_2(tmp_path: Path):
    assert CliRunner().invoke(app, [str(tmp_path / "none.yaml")]).exit_code == 2


def test_a_centre_and_a_contact_exist_in_expressions_before_anybody_searched(tmp_path: Path):
    path = tmp_path / "scenario.yaml"
    path.write_text(
        """
format: 1
name: expressions
did: ["1"]
start: which
nodes:
  which:
    type: branch
    cases:
      - {when: 'centre.support.available > 0', next: wrong}
      - {when: 'contact.strLastName != ""', next: wrong}
    default: right
  wrong: {type: hangup}
  right: {type: hangup}
"""
    )
    _, call, _ = simulate(path)
    assert [step["node"] for step in call["path"]] == ["which", "right"]
