"""The reports of `flowctl validate`, its baseline, its explanations, and comments that silence findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.scenarios import scenario
from typer.testing import CliRunner

from engine.scenario.check import check
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.rules.registry import rules
from tools.docs.rule_pages import rule_page
from tools.flowctl.commands import validate
from tools.flowctl.reports.github import as_github

SARIF = json.loads((Path(__file__).parents[1] / "support/schemas/sarif-2.1.0-part.schema.json").read_text())

UNUSED = scenario("a: {type: hangup}", top="variables:\n  x: {}\n  y: {}")
BROKEN = scenario("a: {type: wait, duration: 1s, next: nowhere}")
GOOD = scenario("a: {type: hangup}")


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(validate.app, list(map(str, arguments)))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sarif(*arguments: str | Path) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(run(*arguments, "--format", "sarif")[1])
    jsonschema.Draft7Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
    (found,) = log["runs"]
    return dict(found)


def test_sarif(here: Path) -> None:
    (here / "a é.yaml").write_text(BROKEN)
    found = sarif("a é.yaml")
    (result,) = found["results"]
    assert (result["ruleId"], result["level"]) == ("E1001", "error")
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20%C3%A9.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 5, "startColumn": 39, "endLine": 5, "endColumn": 46},
            }
        }
    ]
    described = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == list(rules())
    assert described[result["ruleIndex"]]["id"] == "E1001"
    assert run("a é.yaml", "--format", "sarif")[0] == 1


def test_a_file_elsewhere_has_a_whole_address(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "x.yaml"
    other.write_text(BROKEN)
    (result,) = sarif(other)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": other.as_uri()}


def test_the_fingerprint_outlives_new_lines(here: Path) -> None:
    twice = scenario("a: {type: wait, duration: 1s, on: {next: nowhere, error: nowhere}}")
    (here / "x.yaml").write_text(twice)
    before = [result["partialFingerprints"] for result in sarif("x.yaml")["results"]]
    (here / "x.yaml").write_text(f"# more\n\n{twice}")
    assert [result["partialFingerprints"] for result in sarif("x.yaml")["results"]] == before
    assert before[0] != before[1]


def test_sarif_keeps_what_is_silenced(here: Path) -> None:
    (here / "x.yaml").write_text(UNUSED.replace("x: {}", "x: {}  # flowctl: ignore W6005 -- for later"))
    first, second = sorted(sarif("x.yaml")["results"], key=lambda result: "suppressions" in result)
    assert "suppressions" not in first
    assert second["suppressions"] == [{"kind": "inSource", "justification": "for later"}]


def test_annotations_for_github(here: Path) -> None:
    (here / "x.yaml").write_text(BROKEN)
    code, out, err = run("x.yaml", "--format", "github")
    assert (code, err) == (1, "")
    assert out == (
        "::error file=x.yaml,line=5,endLine=5,col=39,endColumn=45,title=E1001%3A Target missing::"
        "there is no node `nowhere`\n"
    )


def test_annotations_are_escaped() -> None:
    found = Diagnostic("W6005", "warning", "100 %", "/a,b:c.yaml", 1, 2, 3, 4, hint="is\rit?")
    assert as_github([found]) == (
        "::warning file=/a%2Cb%3Ac.yaml,line=1,endLine=3,title=W6005%3A Unused variable::100 %25%0Ais%0Dit?\n"
    )


def test_information_is_told_when_asked_for(here: Path) -> None:
    (here / "x.yaml").write_text(GOOD)
    assert "information" not in run("x.yaml", "--strict")[1]
    code, out, err = run("x.yaml", "--strict", "--info")
    assert code == 0
    assert "information I8006" in out
    assert "1 for information" in err


def test_explain() -> None:
    assert run("--explain", "e1006") == (0, rule_page(rules()["E1006"]), "")
    code, out, err = run("--explain", "E1066")
    assert (code, out) == (2, "")
    assert "did you mean `E1006`?" in err


@pytest.mark.parametrize(("rule", "can_be"), [("W6005", True), ("I8001", True), ("E7001", True), ("E1001", False)])
def test_the_page_says_how_to_silence(rule: str, can_be: bool) -> None:
    assert (f"# flowctl: ignore {rule} -- " in rule_page(rules()[rule])) is can_be


def test_baseline(here: Path) -> None:
    (here / "x.yaml").write_text(UNUSED)
    code, out, err = run("x.yaml", "--write-baseline", "known.json")
    assert (code, out) == (0, "")
    assert "2 findings written" in err
    written = json.loads((here / "known.json").read_text())
    assert [(entry["file"], entry["rule"]) for entry in written["findings"]] == [("x.yaml", "W6005")] * 2
    assert "line" not in written["findings"][0]
    # On other lines, with one more of another kind, and one of the old ones mended.
    (here / "x.yaml").write_text(f"# more\n{UNUSED.replace('  y: {}', '')}nodez: {{}}\n")
    (here / "y.yaml").write_text(UNUSED)
    assert run("y.yaml", "--strict", "--baseline", "known.json")[0] == 1
    code, out, err = run("x.yaml", "--strict", "--baseline", "known.json")
    assert code == 1
    assert "E0003" in out
    (here / "x.yaml").write_text(f"# more\n{UNUSED.replace('  y: {}', '')}")
    code, out, err = run("x.yaml", "--strict", "--baseline", "known.json")
    assert (code, out) == (0, "")
    assert err == (
        "1 file checked: nothing to complain about; 1 hidden by the baseline; "
        "1 of the baseline no longer found: write it again\n"
    )


def test_an_entry_of_a_baseline_hides_one_finding(here: Path) -> None:
    (here / "x.yaml").write_text(BROKEN)
    run("x.yaml", "--write-baseline", "known.json")
    (here / "x.yaml").write_text(scenario("a: {type: wait, duration: 1s, on: {next: nowhere, error: nowhere}}"))
    code, out, _ = run("x.yaml", "--baseline", "known.json")
    assert (code, out.count("E1001")) == (1, 1)


def test_a_baseline_is_named_from_its_own_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "deep").mkdir()
    (here / "deep" / "x.yaml").write_text(UNUSED)
    run("deep", "--write-baseline", "known.json")
    monkeypatch.chdir(here / "deep")
    assert run("x.yaml", "--strict", "--baseline", "../known.json")[0] == 0


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1}'])
def test_what_is_no_baseline(here: Path, content: str | None) -> None:
    (here / "x.yaml").write_text(GOOD)
    if content is not None:
        (here / "known.json").write_text(content)
    code, out, err = run("x.yaml", "--baseline", "known.json")
    assert (code, out) == (2, "")
    assert err.startswith("flowctl validate: known.json")


SILENCED = {
    "at the end of the line": ("x: {}  # flowctl: ignore W6005 -- for later", []),
    "on the line above": ("# flowctl: ignore W6005 -- for later\n  x: {}", []),
    "several rules": ("x: {}  #flowctl: ignore E6002 , W6005--for later", []),
    "another rule": ("x: {}  # flowctl: ignore W6006 -- for later", ["W6005"]),
    "without a reason": ("x: {}  # flowctl: ignore W6005", ["W6005"]),
    "with an empty reason": ("x: {}  # flowctl: ignore W6005 --  ", ["W6005"]),
    "on a line of something else": ("# flowctl: ignore W6005 -- for later\n  # and\n  x: {}", ["W6005"]),
    "inside a text": ('x: {default: "a # flowctl: ignore W6005 -- b"}', ["W6005"]),
    "inside a text of several lines": (
        "x:\n    default: |\n      # flowctl: ignore W6005 -- b\n      z\n  y: {}",
        ["W6005", "W6005"],
    ),
    "behind the beginning of a text of several lines": (
        "x:  # flowctl: ignore W6005 -- b\n    default: |\n      z",
        [],
    ),
}


@pytest.mark.parametrize(("variable", "expected"), SILENCED.values(), ids=SILENCED)
def test_a_comment_silences_a_finding(variable: str, expected: list[str]) -> None:
    text = f"format: 1\nname: test\nvariables:\n  {variable}\nstart: a\nnodes:\n  a: {{type: hangup}}\ndid: ['32']\n"
    result = check("test.yaml", text)
    assert [found.rule for found in result.diagnostics if found.severity != "information"] == expected
    assert len(result.silenced) == (not expected)


def test_what_does_not_count_is_told() -> None:
    text = scenario("a: {type: wait, duration: 1s, next: b} # flowctl: ignore E1001 -- b will come")
    (found,) = check("test.yaml", text).errors
    assert found.hint.endswith("a comment cannot silence E1001")
    text = UNUSED.replace("x: {}", "x: {} # flowctl: ignore W6005")
    hints = [found.hint for found in check("test.yaml", text).diagnostics if found.rule == "W6005"]
    assert ["reason" in hint for hint in hints] == [True, False]


def test_a_heuristic_error_can_be_silenced() -> None:
    secret = "x-crm: {password: hunter2}"
    assert check("test.yaml", scenario("a: {type: hangup}", top=secret)).compiled is None
    silenced = f"{secret}  # flowctl: ignore E7001 -- of a machine that exists no more"
    assert check("test.yaml", scenario("a: {type: hangup}", top=silenced)).compiled is not None


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_into_a_file(
    here: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (here / "x.yaml").write_text(BROKEN)
    # The runner takes colours out again unless it is told not to.
    result = CliRunner().invoke(validate.app, ["x.yaml"], color=True)
    assert ("\x1b[" in result.stdout) is coloured


@pytest.mark.parametrize(("files", "terminal", "shown"), [(21, True, True), (20, True, False), (21, False, False)])
def test_many_files_have_a_progress_bar(
    here: Path, monkeypatch: pytest.MonkeyPatch, files: int, terminal: bool, shown: bool
) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with validate._progress(files) as on_checked:
        assert (on_checked is not None) is shown
        if on_checked is not None:
            on_checked(here)
