"""`flowctl validate` and `flowctl schema` as a person or a script runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.scenarios import scenario
from typer.testing import CliRunner

from engine.scenario.diagnostics import Diagnostic
from tools.flowctl import main
from tools.flowctl.commands import schema, validate
from tools.flowctl.render import as_text

GOOD = scenario("a: {type: hangup}")
BAD = scenario("a: {type: wait, durration: 1s, duration: 1s, next: end}")
WARNED = scenario("a: {type: hangup}\nb: {type: hangup}")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(validate.app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "scenario.yaml"


def test_clean(file: Path) -> None:
    file.write_text(GOOD)
    assert run(str(file)) == (0, "", "1 file checked: nothing to complain about\n")


def test_text_with_source_and_caret(file: Path) -> None:
    file.write_text(BAD)
    code, out, err = run(str(file))
    assert code == 1
    assert out == (
        f"{file}:5:19: error E0003: unknown key `durration`\n"
        "    5 |   a: {type: wait, durration: 1s, duration: 1s, next: end}\n"
        "                          ^~~~~~~~~\n"
        "        did you mean `duration`?\n"
    )
    assert "1 error" in err


def test_json_has_every_field(file: Path) -> None:
    file.write_text(BAD)
    code, out, _ = run(str(file), "--format", "json")
    assert code == 1
    assert json.loads(out) == [
        {
            "rule": "E0003",
            "severity": "error",
            "message": "unknown key `durration`",
            "file": str(file),
            "line": 5,
            "column": 19,
            "end_line": 5,
            "end_column": 28,
            "hint": "did you mean `duration`?",
        }
    ]


def test_json_of_a_clean_file_is_an_empty_list(file: Path) -> None:
    file.write_text(GOOD)
    assert run(str(file), "--format", "json")[:2] == (0, "[]\n")


def test_warnings_count_when_strict(file: Path) -> None:
    file.write_text(WARNED)
    assert run(str(file))[0] == 0
    assert "W1003" in run(str(file))[1]
    assert run(str(file), "--strict")[0] == 1


def test_folders_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "bad.yaml").write_text(BAD)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "good.test.yaml").write_text("anything: [")
    code, out, err = run(str(tmp_path))
    assert (code, out.count("error")) == (1, 1)
    assert "2 files" in err
    monkeypatch.chdir(tmp_path)
    assert run()[0] == 1


def test_what_cannot_be_run(tmp_path: Path, file: Path) -> None:
    file.write_text(GOOD)
    (tmp_path / "empty").mkdir()
    arguments: list[list[str]] = [
        [str(tmp_path / "none.yaml")],
        [str(tmp_path / "empty")],
        [str(file), "--format", "xml"],
    ]
    for words in arguments:
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert err.startswith("flowctl validate: ")


@pytest.mark.parametrize(
    ("content", "rule"), [(b"", "E0001"), (b"\xff\xfe", "E0001"), (b"a: [", "E0001"), (b"- 1", "E0003")]
)
def test_any_content_is_a_finding(file: Path, content: bytes, rule: str) -> None:
    file.write_bytes(content)
    code, out, _ = run(str(file))
    assert code == 1
    assert rule in out


def test_caret_under_a_line_with_tabs_and_wide_ends(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a:\tb\n")
    finding = Diagnostic("E0001", "error", "m", str(file), 1, 4, 3, 1)
    assert as_text(finding).splitlines()[1:] == ["    1 | a:  b", "            ^"]


def test_colours(file: Path) -> None:
    file.write_text(GOOD)
    finding = Diagnostic("W1003", "warning", "m", str(file), 1, 1, 1, 7)
    assert "\x1b[" not in as_text(finding)
    assert "\x1b[1;33mwarning W1003\x1b[0m" in as_text(finding, colours=True)


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_when_colours_are_used(
    file: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, coloured: bool
) -> None:
    import io
    import sys

    from tools.flowctl.render import render

    class Out(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    out = Out()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("NO_COLOR", no_color)
    render([Diagnostic("E1001", "error", "m", str(file), 1, 1, 1, 2)])
    assert ("\x1b[" in out.getvalue()) is coloured


def test_schema_is_printed() -> None:
    result = CliRunner().invoke(schema.app, [])
    printed: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 0
    assert printed["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert CliRunner().invoke(schema.app, ["server"]).exit_code == 2


def test_a_long_line_is_shown_around_the_defect(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("x" * 1000 + "HERE" + "\x1b" + "y" * 1000)
    source, caret = as_text(Diagnostic("E0001", "error", "m", str(file), 1, 1001, 1, 1005)).splitlines()[1:]
    assert len(source) < 200
    assert source[caret.index("^") :].startswith("HERE\ufffdy")
    assert caret.endswith(" ^~~~")


def test_only_yaml_s_line_breaks_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes("a: \u2028b\r\nc: d\n".encode())
    assert "c: d" in as_text(Diagnostic("E0001", "error", "m", str(file), 2, 1, 2, 2))


def broken() -> None:
    pin = "4711"
    raise RuntimeError(f"a bug\nwith {len(pin)} digits")


def test_a_bug_is_one_line_and_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(main, "app", broken)
    monkeypatch.delenv("FLOWCTL_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said == "flowctl: unexpected RuntimeError: a bug with 4 digits; FLOWCTL_DEBUG=1 shows where\n"
    monkeypatch.setenv("FLOWCTL_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main.main()


def test_tracebacks_show_no_values() -> None:
    assert not main.app.pretty_exceptions_enable


def test_a_file_without_end_is_shown_too() -> None:
    code, out, _ = run("/dev/zero")
    assert code == 1
    assert out.startswith("/dev/zero:1:1: error E0001: the file has more than")
