"""`flowctl test` as a command: what it runs, what it prints, how it ends."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tools.flowctl.commands.test import app

SCENARIO = """\
format: 1
name: demo
did: ["32"]
time_zone: Europe/Paris
start: opening
on_error: sorry
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-12:00"]}
    override: door
    on: {open: choice, closed: sorry}
  choice:
    type: menu
    prompt: [{say: "one or two"}]
    options: {"1": find, "2X": sub}
    timeout: 5s
    attempts: 1
    on: {no_input: sorry, no_match: sorry}
  find:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 10s
    on: {transferred: end, nobody: message, timeout: find_again}
  find_again:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 10s
    on: {transferred: end, nobody: message, timeout: message}
  sub: {type: scenario, name: inner, on: {back: end}}
  message:
    type: voicemail
    mailbox: box
    on: {recorded: sorry, empty: sorry}
  sorry: {type: play, prompt: [{tone: beep}], next: end}
voice: en
"""
INNER = """\
format: 1
name: inner
start: which
nodes:
  which:
    type: branch
    cases: [{when: 'call.cli == "1"', next: back}]
    default: back
  back: {type: return, outcome: back}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "inner.yaml").write_text(INNER)
    return tmp_path


def write(folder: Path, tests: str, name: str = "demo.test.yaml") -> Path:
    path = folder / name
    path.write_text(f"scenario: scenario.yaml\ntests:\n{tests}")
    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def run_json(*words: object) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, words), "--format", "json"])
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def failures(path: Path) -> list[tuple[str, int]]:
    """(what, line) of everything that failed in the only test of a file."""
    (test,) = run_json(path)["files"][0]["tests"]
    return [(failure["what"], failure["line"]) for failure in test["failures"]]


# Passing -------------------------------------------------------------------------------------------------------


def test_a_test_that_comes_true_passes(folder: Path):
    path = write(
        folder,
        """\
  - name: a message for the support
    at: 2027-07-13T10:00
    call: {did: "32", cli: "0143670903"}
    agents: {support: nobody}
    caller:
      - hears: one or
      - presses: "1"
      - speaks: 6s
      - hangs_up: true
    expect:
      path: [opening, choice, find, message]
      result: caller_hung_up
      heard: [one, beep]
      keys: "1"
      agent: null
      answered: true
      recordings: [6s]
      warnings: 0
      mails: []
      outcomes: {find: nobody, message: null}
""",
    )
    status, output = run(path)
    assert status == 0, output
    assert "ok    a message for the support" in output
    assert "1 passed" in output


def test_without_a_time_it_is_a_tuesday_at_ten_in_the_scenarios_zone(folder: Path):
    assert run(write(folder, "  - {name: open, expect: {outcomes: {opening: open}}}\n"))[0] == 0


def test_a_switch_of_the_world_beats_the_hours(folder: Path):
    test = "  - {name: shut, switches: {door: closed}, expect: {path: [opening, sorry]}}\n"
    assert run(write(folder, test))[0] == 0


def test_other_people_are_there_for_the_second_search(folder: Path):
    test = """\
  - name: found the second time
    agents: {support: [timeout, [{code: "7", after: 1s, talks: 4s}]]}
    caller: [{presses: "1"}]
    expect: {path: [opening, choice, find, find_again], agent: "7", duration: 15.7s}
"""
    status, output = run(write(folder, test))
    assert status == 0, output


def test_a_node_can_be_made_to_fail(folder: Path):
    test = """\
  - name: the search fails
    fails: {find: no line}
    caller: [{presses: "1"}]
    expect: {path: [opening, choice, find, sorry], result: ended, warnings: [no line]}
"""
    status, output = run(write(folder, test))
    assert status == 0, output


# Failing -------------------------------------------------------------------------------------------------------


def test_a_failure_shows_both_paths_and_the_lines_of_the_test_file(folder: Path):
    path = write(
        folder,
        """\
  - name: wrong
    caller: [{presses: "1"}, {hears: never.wav}]
    expect:
      path: [opening, choice, message]
      result: transferred
""",
    )
    status, output = run(path)
    assert status == 1
    assert f"{path}:4: the call was over before the caller's step: hears never.wav" in output
    assert f"{path}:6: path: node 3 should be message, was find" in output
    assert f"{path}:7: result: expected transferred, was ended" in output
    rows = [line.split() for line in output.splitlines()]
    assert ["+", "find", "nobody,", "at", "0.7", "s"] in rows
    assert ["message", "message", "empty,", "at", "0.7", "s"] in rows
    assert ["+", "sorry", "next,"] in [row[:3] for row in rows]


@pytest.mark.parametrize(
    "expect",
    [
        "path: [opening]",
        "result: rejected",
        "outcomes: [open]",
        "outcomes: {choice: no_match}",
        "outcomes: {find: [nobody]}",
        "heard: [beep, one]",
        'keys: "1"',
        "variables: {unknown: 1}",
        'agent: "201"',
        "answered: false",
        "duration: 1h",
        "recordings: 1",
        "warnings: 1",
        "mails: [{subject: x}]",
        "alerts: 1",
        "reason: broken",
    ],
)
def test_everything_that_is_expected_is_looked_at(folder: Path, expect: str):
    path = write(folder, f"  - name: silence\n    expect:\n      {expect}\n")
    assert failures(path) == [(expect.partition(":")[0], 5)]


def test_without_expectations_a_call_must_not_fail(folder: Path):
    scenario = folder / "scenario.yaml"
    scenario.write_text(SCENARIO.replace("on_error: sorry\n", ""))
    path = write(folder, "  - name: broken\n    fails: [opening]\n")
    assert failures(path) == [("result", 3)]


# What cannot be run --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "line", "message", "hint"),
    [
        ("{nam: x}", 3, "unknown key `nam`", "did you mean `name`?"),
        ("{expect: {}}", 3, "has no `name`", ""),
        ("{name: a, expect: {result: finished}}", 3, "one of ended", ""),
        ("{name: a, expect: {pth: []}}", 3, "unknown key `pth`", "did you mean `path`?"),
        ("{name: a, expect: {path: [opening, chioce]}}", 3, "no node `chioce`", "did you mean `choice`?"),
        ("{name: a, caller: [{pres: '1'}]}", 3, "unknown key `pres`", "did you mean `presses`?"),
        ("{name: a, caller: [{presses: 1}]}", 3, "in quotes", ""),
        ("{name: a, at: 2027-07-14}", 3, "a day without a time", ""),
        ("{name: a, agents: {support: away}}", 3, "says nothing about agents", "write nobody"),
        ("{name: a, fails: {fnd: x}}", 3, "no node `fnd`", "did you mean `find`?"),
        ("{name: a, lookups: {fnd: error}}", 3, "no node `fnd`", "did you mean `find`?"),
        ("{name: a, agents: {suport: nobody}}", 3, "no centre `suport`", "did you mean `support`?"),
        ("{name: a, waiting: {suport: 1}}", 3, "no centre `suport`", "did you mean `support`?"),
        ("{name: a, switches: {dor: open}}", 3, "the switch `dor`", "did you mean `door`?"),
        ("{name: a, numbers: {'1': dances}}", 3, "must be one of", ""),
        ("{name: a, name: b}", 3, "given twice", ""),
        ("{name: a}\n  - {name: a}", 4, "line 3 has this name already", ""),
    ],
)
def test_a_mistake_in_a_test_file_has_its_place_and_a_hint(
    folder: Path, test: str, line: int, message: str, hint: str
):
    path = write(folder, f"  - {test}\n")
    report = run_json(path)
    found = [f for f in report["files"][0]["findings"] if message in f["message"]]
    assert [(f["line"], hint in f["hint"]) for f in found] == [(line, True)], report
    assert run(path)[0] == 1


def test_all_mistakes_of_a_file_are_told_in_order_and_no_test_of_it_runs(folder: Path):
    path = write(folder, "  - {name: a, at: soon, cal: {}}\n  - {name: b, caller: [{waits: 3}]}\n")
    (file,) = run_json(path)["files"]
    assert [found["line"] for found in file["findings"]] == [3, 3, 4]
    assert file["tests"] == []


@pytest.mark.parametrize("test", ["{name: a, caller: [{says: hello}]}", "{nme: a}", "{name: a, expct: {}}"])
def test_a_misspelt_key_is_one_finding(folder: Path, test: str):
    (file,) = run_json(write(folder, f"  - {test}\n"))["files"]
    assert len(file["findings"]) == 1, file["findings"]


def test_a_text_is_told_from_a_number(folder: Path):
    declared = "variables: {n: {type: integer, default: 0}}\nvoice: en"
    (folder / "scenario.yaml").write_text(SCENARIO.replace("voice: en", declared))
    path = write(folder, '  - {name: a, expect: {variables: {n: "0"}}}\n')
    assert 'variables: expected {n: "0"}, was {n: 0}' in run(path)[1]


def test_other_files_run_when_one_is_broken(folder: Path):
    write(folder, "  - {name: fine}\n", "b.test.yaml")
    (folder / "a.test.yaml").write_text("scenario: nowhere.yaml\ntests: [\n")
    status, output = run(folder)
    assert status == 1
    assert "E0001" in output
    assert "1 passed, 1 file could not be run" in output


def test_a_broken_scenario_is_told_once_and_its_tests_do_not_run(folder: Path):
    (folder / "scenario.yaml").write_text(SCENARIO.replace("closed: sorry", "closed: sory"))
    status, output = run(write(folder, "  - {name: a}\n"))
    assert status == 1
    assert output.count("E1001") == 1
    assert "ok    a" not in output


@pytest.mark.parametrize(
    "text", ["", "tests: []\n", "- x\n", "scenario: scenario.yaml\n", "scenario: none.yaml\ntests: [{name: a}]\n"]
)
def test_a_file_that_is_no_test_file_is_refused(folder: Path, text: str):
    path = folder / "x.test.yaml"
    path.write_text(text)
    status, output = run(path)
    assert status == 1
    assert str(path) in output


@pytest.mark.parametrize("words", [["nowhere"], ["--format", "xml"], ["-k", "no such name"], ["--junit", "no/x.xml"]])
def test_what_cannot_be_run_ends_with_2(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]):
    monkeypatch.chdir(folder)
    write(folder, "  - {name: a}\n")
    assert run(*words)[0] == 2


def test_a_folder_without_tests_ends_with_2(tmp_path: Path):
    assert run(tmp_path)[0] == 2


def test_hidden_folders_are_not_searched(folder: Path):
    (folder / ".hidden").mkdir()
    write(folder / ".hidden", "  - {name: not seen}\n")
    write(folder, "  - {name: seen}\n")
    status, output = run(folder)
    assert status == 0
    assert "not seen" not in output


def test_k_chooses_by_name(folder: Path):
    path = write(folder, "  - {name: first}\n  - {name: second, expect: {result: rejected}}\n")
    assert run(path, "-k", "first")[0] == 0


# Coverage ------------------------------------------------------------------------------------------------------

ONE_CALL = """\
  - name: a sub-scenario
    call: {cli: "1"}
    caller: [{presses: "27"}]
    expect: {path: [opening, choice, sub, sub/which, sub/back]}
"""


def test_coverage_tells_the_lines_of_what_was_not_walked(folder: Path):
    status, output = run(write(folder, ONE_CALL), "--coverage")
    assert status == 0
    assert f'{folder}/scenario.yaml:16 choice → key "1" was not taken' in output
    assert f"{folder}/scenario.yaml:6 on_error was not taken" in output
    assert f"{folder}/scenario.yaml:20 find was not entered" in output
    assert f"{folder}/inner.yaml:8 which → default was not taken" in output
    assert 'key "2X"' not in output
    assert f"{folder}/inner.yaml: 2 of 2 nodes, 1 of 2 edges" in output


EVERYTHING = """\
  - {name: silence}
  - {name: wrong key, caller: [{presses: "9"}]}
  - {name: shut, at: 2027-07-13T13:00}
  - {name: broken, fails: [opening]}
  - {name: inside, caller: [{presses: "20"}], call: {cli: "1"}}
  - {name: inside too, caller: [{presses: "21"}]}
  - {name: at once, caller: [{presses: "1"}], agents: {support: transferred}}
  - {name: later, caller: [{presses: "1"}], agents: {support: [timeout, transferred]}}
  - {name: no more, caller: [{presses: "1"}], agents: {support: [timeout, nobody]}}
  - {name: never, caller: [{presses: "1"}, {speaks: 2s}], agents: {support: timeout}}
  - {name: nobody, caller: [{presses: "1"}]}
"""


def test_a_threshold_holds_for_every_scenario(folder: Path):
    path = write(folder, EVERYTHING)
    status, output = run(path, "--coverage", "--threshold", "100")
    assert status == 0, output
    assert output.count("100.0 %") == 2
    path = write(folder, EVERYTHING.replace(", fails: [opening]", ""))
    status, output = run(path, "--threshold", "100")
    assert status == 1
    assert "less than 100 %" in output


def test_the_coverage_file_counts_every_node_and_edge(folder: Path):
    file = folder / "coverage.json"
    run(write(folder, ONE_CALL), "--coverage-file", file)
    scenarios = json.loads(file.read_text())["scenarios"]
    demo = scenarios[str(folder / "scenario.yaml")]
    assert demo["nodes"]["choice"] == 1
    assert demo["edges"]["choice"] == {"1": 0, "2X": 1, "no_input": 0, "no_match": 0}
    assert demo["on_error"] == 0
    assert scenarios[str(folder / "inner.yaml")]["edges"]["which"] == {"case 1": 1, "default": 0}


# Reports -------------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_for_each_file_and_survives_any_name(folder: Path):
    write(folder, '  - {name: "<&\\u0007\\uFFFF>", expect: {result: rejected}}\n  - {name: fine}\n')
    (folder / "broken.test.yaml").write_text("scenario: 1: 2\n")
    report = folder / "report.xml"
    assert run(folder, "--junit", report)[0] == 1
    root = ET.fromstring(report.read_text())
    assert root.attrib["tests"] == "3"
    assert (root.attrib["failures"], root.attrib["errors"]) == ("1", "1")
    broken, demo = root
    assert broken.find("testcase/error") is not None
    case, fine = demo.findall("testcase")
    assert (case.attrib["name"], case.attrib["line"]) == ("<&\ufffd\ufffd>", "3")
    failure = case.find("failure")
    assert failure is not None
    assert "expected rejected, was ended" in failure.attrib["message"]
    assert fine.find("failure") is None
    assert float(fine.attrib["time"]) >= 0


def test_json_has_the_path_of_every_call(folder: Path):
    report = run_json(write(folder, ONE_CALL), "--coverage")
    assert (report["passed"], report["failed"]) == (1, 0)
    (test,) = report["files"][0]["tests"]
    assert [step["node"] for step in test["path"]] == ["opening", "choice", "sub", "sub/which", "sub/back"]
    assert report["coverage"][0]["missing"][0]["line"] == 8
