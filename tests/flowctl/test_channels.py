"""`flowctl channels`: what the settings say, and what a server that runs writes beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.messages import use_language
from tools.flowctl.commands import channels

SETTINGS: dict[str, Any] = {
    "sip": {"trunks": {"operator": {"host": "192.0.2.1", "channels": 2}}},
    "channels": {"sip": {"count": 3}, "sip/3": {"bar": ["reception", "external_out"]}},
}


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text(json.dumps(SETTINGS))
    (tmp_path / "var").mkdir()
    return tmp_path


def run(server: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(channels.app, [*arguments, "--config", str(server / "server.yaml")])
    return result.exit_code, result.stdout, result.stderr


def write(server: Path, pid: int) -> None:
    trunk = {"name": "sip/operator", "up": False, "detail": "no answer to OPTIONS", "since": "2027-01-01T00:00:00"}
    states = {"sip/1": "busy", "sip/operator/2": "ringing", "sip/9": "busy"}
    taken = [{"id": name, "state": state} for name, state in states.items()]
    (server / "var" / "status.json").write_text(json.dumps({"pid": pid, "channels": taken, "trunks": [trunk]}))


def test_without_a_server_the_settings_are_shown(server: Path) -> None:
    code, out, err = run(server)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "sip/3  barred   barred from reception, external_out",
        "sip: 2 more free",
        "sip/operator: 2 more free",
        "the server is not running",
    ]


def test_a_server_that_was_killed_is_not_running(server: Path) -> None:
    write(server, 2**22 + 1)  # above the highest number that a process has
    document = json.loads(run(server, "--format", "json")[1])
    assert (document["running"], document["trunks"]) == (False, [])
    assert {channel["state"] for channel in document["channels"]} == {"free", "barred"}


def test_what_a_running_server_does(server: Path) -> None:
    write(server, os.getpid())
    out = run(server, "--all")[1]
    assert [line.split() for line in out.splitlines()[:6]] == [
        ["sip/1", "busy"],
        ["sip/2", "free"],
        ["sip/3", "barred", "barred", "from", "reception,", "external_out"],
        ["sip/operator/1", "free"],
        ["sip/operator/2", "ringing"],
        ["sip/9", "busy"],
    ]
    assert out.splitlines()[6:] == ["trunk sip/operator  down: no answer to OPTIONS, since 2027-01-01T00:00:00"]
    document = json.loads(run(server, "--format", "json")[1])
    assert document["running"]
    assert document["channels"][2] == {"id": "sip/3", "state": "barred", "bar": ["reception", "external_out"]}
    assert document["trunks"][0]["up"] is False


def test_lines_without_a_count_have_channels_only_while_calls_are_up(server: Path) -> None:
    (server / "server.yaml").write_text("{}")
    (server / "var" / "status.json").write_text(json.dumps({"pid": os.getpid(), "channels": [], "trunks": []}))
    assert run(server) == (0, "no call is up, and no line has a count of channels\n", "")


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', '{"pid": 1, "channels": [], "trunks": [{"x": 1}]}'])
def test_a_file_that_cannot_be_read_is_named(server: Path, text: str) -> None:
    (server / "var" / "status.json").write_text(text)
    code, _, err = run(server)
    assert code == 2
    assert "status.json cannot be read" in err


def test_a_format_that_there_is_not(server: Path) -> None:
    assert run(server, "--format", "xml")[::2] == (2, "flowctl channels: --format is text | json\n")


def test_it_speaks_french(server: Path) -> None:
    assert "le serveur est arrêté" in run(server, "--language", "fr")[1]
    use_language("en")
