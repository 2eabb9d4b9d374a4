"""`flowctl agent --format json` as a process, on a real server's agent link."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from support.companions import companion
from support.linkhouse import link_house, people
from typer.testing import CliRunner

from tools.flowctl.commands.agent import app


def script(folder: Path, name: str, *, lasts: float = 0.0) -> Path:
    """A program that writes its arguments and the password in its environment to `NAME.got`."""
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, sys, time\n"
        "got = pathlib.Path(__file__ + '.tmp')\n"
        "got.write_text(json.dumps([*sys.argv[1:], os.environ.get('FLOWCTL_AGENT_PASSWORD')]))\n"
        f"got.rename(__file__ + '.got')\ntime.sleep({lasts})\n"
    )
    path.chmod(0o755)
    return path


async def written(path: Path) -> list[str | None]:
    return await asyncio.to_thread(_written, path)


def _written(path: Path) -> list[str | None]:
    end = time.monotonic() + 10
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    found: list[str | None] = json.loads(path.read_text())
    return found


async def test_a_program_drives_it_through_a_call_with_screen_pop_and_ring(tmp_path: Path) -> None:
    pop, player = script(tmp_path, "crm"), script(tmp_path, "paplay")
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    (sounds / "support.wav").touch()
    directory = people(screen_pop=["crm", "--caller={caller}", "{variables_file}"])
    options = ("--allow-command", "crm", "--sounds", str(sounds))
    path = f"{tmp_path}:{os.environ['PATH']}"
    async with (
        link_house(tmp_path, directory) as house,
        companion(tmp_path, house.port, "1", *options, PATH=path) as anne,
    ):
        await anne.got(type="event", event="A")
        await anne.got(type="state", state="available")
        party = house.driver.call("32", "0143670903")
        shown = await anne.got(type="event", event="P")
        assert (shown["cli"], shown["variables"]["client"]) == ("0143670903", "4711")
        assert await written(player.with_name("paplay.got")) == [str(sounds / "support.wav"), None]
        anne.say(type="accept", call=shown["call"], id=7)
        await anne.got(type="sent", request="accept", sent=True, id=7)
        await anne.got(type="screen_pop", result="started", detail=str(pop))
        await anne.got(type="event", event="T")
        await anne.got(type="screen_pop", result="ended", detail="0")
        variables = tmp_path / "Variables.txt"
        assert await written(pop.with_name("crm.got")) == ["--caller=+33143670903", str(variables), None]
        assert "client : 4711\n" in variables.read_text()
        party.hang_up()
        anne.say(type="close")
        await anne.got(type="sent", request="close", sent=True)
        assert await anne.ended() == (0, "")
        assert not house.services.centres.desk("1").logged_in


async def test_what_a_server_asks_for_is_not_run_unless_it_is_allowed(tmp_path: Path) -> None:
    pop = script(tmp_path, "crm")
    async with (
        link_house(tmp_path, people(screen_pop=[str(pop), "{caller}"])) as house,
        companion(tmp_path, house.port, "1", "--auto-accept", "--no-sound") as anne,
    ):
        await anne.got(type="state", state="available")
        house.driver.call("32", "1")
        refused = await anne.got(type="screen_pop", result="refused")
        assert (refused["why"], refused["what"]) == ("command", str(pop))
        await anne.got(type="state", state="on_call")
    assert not pop.with_name("crm.got").exists()


async def test_do_not_disturb_reject_and_commands_that_are_none(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path, method="sequential") as house,
        companion(tmp_path, house.port, "1", "--no-sound", "--language", "fr") as anne,
    ):
        await anne.got(type="state", state="available")
        for line in (
            b"nonsense\n", b"[" * 10_000 + b"\n", b'{"type":"open"}\n', b'{"type":"accept"}\n', b'{"type":["x"]}\n',
            b'{"type":"call","number":3}\n', b'{"type":"close","now":1}\n',
        ):  # fmt: skip
            anne.raw(line)
            await anne.got(type="bad_command")
        anne.say(type="unavailable", reason="déjeuner")
        await anne.got(type="state", state="unavailable", reason="déjeuner")
        anne.say(type="available")
        await anne.got(type="state", state="available")
        house.driver.call("32", "1")
        asked = await anne.got(type="event", event="?")
        anne.say(type="reject", call=asked["call"])
        assert (await anne.got(type="event", event="T"))["reason"]
        assert anne.process.stdin is not None
        anne.process.stdin.close()
        assert await anne.ended() == (0, "")


@pytest.mark.parametrize(
    ("code", "password", "letter"), [("9", "secret", "U"), ("1", "wrong", "B")], ids=["unknown", "password"]
)
async def test_who_is_not_let_in_ends_with_1(tmp_path: Path, code: str, password: str, letter: str) -> None:
    async with (
        link_house(tmp_path) as house,
        companion(tmp_path, house.port, code, password=password) as agent,
    ):
        told = await agent.got(type="event", event=letter)
        assert await agent.ended() == (1, f"not logged in: {told['reason']}\n")


async def test_the_password_may_come_by_the_input(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        companion(tmp_path, house.port, "1", "--password-stdin", password=None) as anne,
    ):
        anne.raw(b'secret\n{"type":"unavailable"}\n')
        await anne.got(type="state", state="unavailable")
        anne.process.send_signal(signal.SIGTERM)
        assert await anne.ended() == (0, "")
        assert not house.services.centres.desk("1").logged_in


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--allow-command", "sh"), "runs whatever it is told"),
        (("--variables-file", "a/b"), "whole path"),
        (("--sounds", "nowhere"), "no folder"),
        (("--format", "xml"), "--format"),
        (("--format", "text"), "no terminal"),
        (("--language", "de"), "--language"),
        (("--server", "me@calls.example"), "--server"),
        (("--server", "127.0.0.1:99999"), "--server"),
        (("--ca", "nothing.pem"), "--ca"),
        (("--server", "127.0.0.1:1"), "127.0.0.1:1"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_cannot_begin_says_why(options: tuple[str, str], complaint: str) -> None:
    arguments = ["--code", "1", "--format", "json", "--server", "127.0.0.1:1", *options]
    done = CliRunner().invoke(app, arguments, env={"FLOWCTL_AGENT_PASSWORD": "secret"})
    assert done.exit_code == 2
    assert complaint in done.output


def test_without_a_password_it_does_not_begin() -> None:
    done = CliRunner().invoke(app, ["--code", "1", "--format", "json"])
    assert (done.exit_code, "FLOWCTL_AGENT_PASSWORD" in done.output) == (2, True)
