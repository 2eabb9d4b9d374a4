"""`flowctl switch`, and the server that looks at what it writes."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from support.scenarios import scenario
from typer.testing import CliRunner

from engine.messages import use_language
from engine.records.switches import SwitchFile
from tools.flowctl.commands import switch

NODES = """
a:
  type: hours
  week: {mon-fri: ["08:00-12:00"]}
  override: night
  on: {open: end, closed: end}
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text("data: var\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "one.yaml").write_text(scenario(NODES))
    (tmp_path / "flows" / "two.yaml").write_text(scenario(NODES.replace("night", "fire drill")))
    (tmp_path / "flows" / "broken.yaml").write_text("nodes: [")
    return tmp_path


def run(server: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(switch.app, [*arguments, "--config", str(server / "server.yaml")])
    return result.exit_code, result.stdout, result.stderr


def test_the_switches_of_all_scenarios_are_listed(server: Path) -> None:
    assert run(server) == (0, "fire drill  auto: as the calendar says\nnight       auto: as the calendar says\n", "")
    code, out, _ = run(server, "night", "closed")
    assert code == 0
    assert out.startswith("night  closed since 20")
    code, out, _ = run(server, "--format", "json")
    assert [(found["name"], found["state"]) for found in json.loads(out)] == [
        ("fire drill", "auto"),
        ("night", "closed"),
    ]
    assert run(server, "night", "auto") == (0, "night  auto: as the calendar says\n", "")
    assert json.loads((server / "var" / "switches.json").read_text()) == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nigth", "closed"], "no scenario in {}/flows has the switch 'nigth' (did you mean `night`?)"),
        (["night", "shut"], "'shut': a switch is open, closed or auto"),
        (["--format", "xml"], "--format is text | json"),
    ],
)
def test_what_makes_no_sense_is_refused(server: Path, arguments: list[str], message: str) -> None:
    assert run(server, *arguments) == (2, "", f"flowctl switch: {message.format(server)}\n")
    assert not (server / "var").exists()


def test_a_file_that_somebody_has_spoilt_is_not_overwritten(server: Path) -> None:
    file = server / "var" / "switches.json"
    file.parent.mkdir()
    for text, complaint in [
        ("{", "cannot be read"),
        ("[]", "must be a mapping"),
        ('{"night": "holiday"}', "open or closed"),
    ]:
        file.write_text(text)
        code, _, error = run(server, "night", "open")
        assert code == 2
        assert complaint in error
        assert file.read_text() == text


async def test_a_server_sees_it_at_once_and_a_spoilt_file_changes_nothing(
    server: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    file = server / "var" / "switches.json"
    switches = SwitchFile(file)
    assert await switches.state("night") is None
    file.parent.mkdir()
    file.write_text('{"night": {"state": "open", "since": "2027-07-13T10:00:00+00:00"}}')
    assert await switches.state("night") == "open"
    assert await switches.state("day") is None
    file.write_text('{"night": ')
    assert await switches.state("night") == "open"
    assert await switches.state("night") == "open"
    assert caplog.text.count("the switches stay as they were") == 1
    file.unlink()
    assert await switches.state("night") is None


def test_it_speaks_french(server: Path) -> None:
    assert "selon le calendrier" in run(server, "--language", "fr")[1]
    use_language("en")
