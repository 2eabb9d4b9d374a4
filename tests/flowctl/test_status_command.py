"""`flowctl status`: from what a server has written; what a real one writes is in tests/e2e."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.messages import use_language
from engine.server.status import _ticks
from tools.flowctl.commands import status
from tools.flowctl.status_view import _ago


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language("en")


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text(json.dumps({"channels": {"sip": {"count": 3}}}))
    (tmp_path / "var").mkdir()
    return tmp_path


def write(server: Path, **more: Any) -> None:
    channel = {"id": "sip/1", "state": "busy", "call": "c1", "did": "32", "cli": "+3314\x1b[2J", "scenario": "menu"}
    agent = {"code": "201", "name": "Anne [red]M", "state": "on_call", "reason": "", "call": "c1", "since": ""}
    document = {
        "pid": os.getpid(), "channels": [channel], "trunks": [], "agents": [agent],
        "name": "main", "phase": "serving",
        "started": (datetime.now(UTC) - timedelta(minutes=64, seconds=7)).isoformat(), "calls": 1,
        "counters": {"today": {"incoming": 1, "most_busy": 1}}, **more,
    }  # fmt: skip
    (server / "var" / "status.json").write_text(json.dumps(document))


def run(server: Path, *words: str) -> tuple[int, str]:
    options = ["--config", str(server / "server.yaml"), *words]
    result = CliRunner().invoke(status.app, options, env={"LC_ALL": "C", "COLUMNS": "200", "FORCE_COLOR": ""})
    return result.exit_code, result.output


def test_a_server_that_runs(server: Path) -> None:
    write(server)
    code, out = run(server)
    assert code == 0
    assert re.search(r"main: serving, process \d+, .* for 1:04:0[789]", out)
    assert "Anne [red]M" in out and "\x1b" not in out
    assert "2 channels are free" in out and "sip/2" not in out
    assert "sip/2" in run(server, "--all")[1]


def test_a_process_that_has_only_the_number_of_a_server_is_none(server: Path) -> None:
    ticks = _ticks(os.getpid())
    assert ticks is not None
    write(server, ticks=ticks)
    assert run(server)[0] == 0
    write(server, ticks=ticks - 1)
    assert run(server) == (1, "the server is not running\n")
    write(server, pid=2**22 + 1)
    assert json.loads(run(server, "--format", "json")[1]) == {"running": False}


def test_what_it_cannot_do(server: Path) -> None:
    (server / "var" / "status.json").write_text("[]")
    assert run(server)[0] == 2
    assert run(server, "--format", "xml")[0] == 2
    assert run(server, "--language", "xx")[0] == 2


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (247, "4:07"), (3847, "1:04:07"), (3 * 86_400 + 247, "3 d 00:04")]
)
def test_how_long_ago(seconds: int, said: str) -> None:
    now = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert _ago((now - timedelta(seconds=seconds)).isoformat(), now) == said
    assert _ago("", now) == ""
