"""`flowctl export` and `flowctl password`."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.directories import directories
from support.served import FLOWCTL, ROOT
from typer.testing import CliRunner

from engine.centres.difference import differences, put_in_place
from engine.centres.directory import Agent, Directory
from engine.centres.passwords import fits
from engine.records.database import Database
from engine.records.people import People, Stored
from tools.flowctl.commands import export, password
from tools.flowctl.commands.export import as_yaml

HASH = "$argon2id$v=19$m=8,t=1,p=1$aaaa$bbbb"


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text("data: var\n")
    people = Directory.model_validate(
        {
            "agents": [{"code": "0201", "first_name": "Léa", "password_hash": HASH}, {"code": "202"}],
            "centres": [{"name": "support", "agents": ["202", "0201"], "wrap_up": "1500ms"}],
        }
    )
    on_database(tmp_path, lambda it: it.store(Stored(), people))
    return tmp_path


def on_database(server: Path, work: Callable[[People], object]) -> object:
    async def run() -> object:
        database = Database(server / "var" / "flowctl.db")
        result = await work(People(database))  # type: ignore[misc]
        await database.close()
        return result

    return asyncio.run(run())


def agent(server: Path, code: str) -> Agent:
    stored = on_database(server, lambda it: it.load())
    assert isinstance(stored, Stored)
    return next(agent for agent in stored.directory.agents if agent.code == code)


def run(app: object, server: Path, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    words = [*arguments, "--config", str(server / "server.yaml")]
    result = CliRunner().invoke(app, words, input=typed)  # type: ignore[arg-type]
    return result.exit_code, result.stdout, result.stderr


def test_what_is_exported_has_no_passwords_unless_asked_for(server: Path) -> None:
    text = """\
agents:
  - {code: "0201", first_name: "Léa"}
  - {code: "202"}
centres:
  - {name: "support", agents: ["202", "0201"], wrap_up: "1.5s"}
"""
    assert run(export.app, server) == (0, text, "")
    file = server / "out.yaml"
    assert run(export.app, server, "-o", str(file)) == (0, "", "")
    assert (file.read_text(), file.stat().st_mode & 0o777) == (text, 0o644)
    assert run(export.app, server, "-o", str(file), "--with-hashes") == (0, "", "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert Directory.load(file).agents[0].password_hash == HASH


def test_what_cannot_be_exported_is_no_empty_file(server: Path) -> None:
    assert run(export.app, server, "-o", f"{server}/no/out.yaml")[::2] == (
        2,
        f"flowctl export: {server}/no/out.yaml: No such file or directory\n",
    )
    (server / "server.yaml").write_text("data: elsewhere\n")
    code, out, err = run(export.app, server)
    assert (code, out, "nothing is stored yet" in err) == (2, "", True)


@settings(max_examples=50, deadline=None)
@given(people=directories())
def test_what_is_exported_can_be_applied(tmp_path_factory: pytest.TempPathFactory, people: Directory) -> None:
    file = tmp_path_factory.mktemp("export") / "directory.yaml"
    file.write_text(as_yaml(people), encoding="utf-8", newline="")
    assert differences(people, put_in_place(people, Directory.load(file))) == []
    file.write_text(as_yaml(people, with_hashes=True), encoding="utf-8", newline="")
    assert differences(people, Directory.load(file)) == []


def test_a_password_is_read_from_standard_input_and_removed(server: Path) -> None:
    assert run(password.app, server, "202", typed="corr ect\n") == (0, "the password of 202 is set\n", "")
    assert fits(agent(server, "202").password_hash or "", "corr ect")
    assert agent(server, "0201").password_hash == HASH
    assert run(password.app, server, "202", "--remove") == (0, "the password of 202 is removed\n", "")
    assert agent(server, "202").password_hash is None


@pytest.mark.parametrize(
    ("code", "typed", "complaint"),
    [
        ("203", "secret\n", "there is no agent '203' (did you mean `202`?)"),
        ("202", "\n", "a password has 1 to 1024 characters; nothing was changed"),
        ("202", "x" * 1025, "a password has 1 to 1024 characters; nothing was changed"),
    ],
)
def test_a_password_that_cannot_be_set(server: Path, code: str, typed: str, complaint: str) -> None:
    assert run(password.app, server, code, typed=typed) == (2, "", f"flowctl password: {complaint}\n")


@pytest.mark.parametrize(("again", "status"), [("s3cret", 0), ("secret", 2)])
def test_a_password_is_asked_for_twice_on_a_terminal_and_not_shown(server: Path, again: str, status: int) -> None:
    ours, theirs = pty.openpty()
    command = [*FLOWCTL, "password", "202", "--config", str(server / "server.yaml")]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as it:
        os.close(theirs)
        shown = b""
        for prompt, typed in ((b"New password of 202: ", "s3cret"), (b"Again: ", again)):
            while prompt not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, f"{typed}\n".encode())
        assert it.wait(timeout=20) == status
    os.close(ours)
    assert b"cret" not in shown
    assert (agent(server, "202").password_hash is not None) == (status == 0)
