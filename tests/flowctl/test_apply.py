"""`flowctl apply`: the difference first, then the database; never a password."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.served import FLOWCTL, ROOT
from typer.testing import CliRunner

from engine.centres.directory import Agent
from engine.centres.passwords import fits
from engine.messages import use_language
from engine.records.database import Database
from engine.records.people import People, Stored
from tools.flowctl.commands import apply

NOBODY = 65534
ANNE = {"code": "201", "first_name": "Anne", "password": "s3cret", "phone": "sip:201@x"}
HUGO = {"code": "202", "first_name": "Hugo"}
SUPPORT = {"name": "support", "agents": ["201", "202"], "wrap_up": "5s"}


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text("data: var\n")
    return tmp_path


def write(server: Path, agents: list[dict[str, Any]], centres: list[dict[str, Any]], mode: int = 0o600) -> Path:
    file = server / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": centres}))
    file.chmod(mode)
    return file


def run(server: Path, *arguments: str) -> tuple[int, str, str]:
    words = [str(server / "directory.yaml"), "--config", str(server / "server.yaml"), *arguments]
    result = CliRunner().invoke(apply.app, words)
    return result.exit_code, result.stdout, result.stderr


def stored(server: Path) -> Stored:
    async def load() -> Stored:
        database = Database(server / "var" / "flowctl.db")
        try:
            return await People(database).load()
        finally:
            await database.close()

    return asyncio.run(load())


def agent(server: Path, code: str) -> Agent:
    return next(agent for agent in stored(server).directory.agents if agent.code == code)


def test_the_difference_is_shown_and_applied_once(server: Path) -> None:
    write(server, [ANNE, HUGO], [SUPPORT])
    shown = """\
agent 201: added
    first_name: "Anne"
    phone: "sip:201@x"
    password: set
agent 202: added
    first_name: "Hugo"
centre support: added
    agents: ["201", "202"]
    wrap_up: "5s"
3 added
"""
    assert run(server, "--dry-run") == (0, f"{shown}nothing was written (--dry-run)\n", "")
    assert not (server / "var").exists()
    assert run(server) == (0, f"{shown}applied: revision 1\n", "")
    assert run(server) == (0, "nothing changes\n", "")
    assert stored(server).revision.number == 1
    assert fits(agent(server, "201").password_hash or "", "s3cret")


def test_what_changes_is_said_field_by_field_and_what_is_missing_goes(server: Path) -> None:
    write(server, [ANNE, HUGO], [SUPPORT])
    run(server)
    changed = {"code": "201", "first_name": "Anna", "password": "other", "active": False}
    write(server, [changed], [{"name": "support", "agents": ["201"], "wrap_up": "5s", "order": "longest_idle"}])
    code, out, _ = run(server, "--format", "json")
    document = json.loads(out)
    assert (code, document["applied"], document["revision"]) == (0, True, 2)
    assert document["changes"] == [
        {
            "kind": "agent",
            "key": "201",
            "change": "changed",
            "fields": {
                "first_name": {"old": "Anne", "new": "Anna"},
                "active": {"old": None, "new": False},
                "password": {"old": "set", "new": "changed"},
                "phone": {"old": "sip:201@x", "new": None},
            },
        },
        {"kind": "agent", "key": "202", "change": "removed", "fields": {}},
        {
            "kind": "centre",
            "key": "support",
            "change": "changed",
            "fields": {
                "agents": {"old": ["201", "202"], "new": ["201"]},
                "order": {"old": None, "new": "longest_idle"},
            },
        },
    ]
    assert [agent.code for agent in stored(server).directory.agents] == ["201"]
    assert fits(agent(server, "201").password_hash or "", "other")


def test_whoever_is_not_in_the_file_can_be_kept(server: Path) -> None:
    write(server, [ANNE, HUGO], [SUPPORT])
    run(server)
    write(server, [{**HUGO, "last_name": "Bernard"}, {"code": "203"}], [])
    code, out, _ = run(server, "--keep")
    assert (code, out.splitlines()[-2:]) == (0, ["1 added, 1 changed", "applied: revision 2"])
    directory = stored(server).directory
    assert [agent.name for agent in directory.agents] == ["Anne", "Hugo Bernard", "203"]
    assert directory.centres[0].agents == ["201", "202"]


def test_a_password_that_is_left_out_stays(server: Path) -> None:
    write(server, [ANNE], [])
    run(server)
    before = agent(server, "201").password_hash
    write(server, [{"code": "201", "first_name": "Anne", "phone": "sip:201@x"}], [])
    assert run(server)[1] == "nothing changes\n"
    write(server, [{"code": "201", "password_hash": before}], [])
    assert "password" not in run(server)[1]
    assert agent(server, "201").password_hash == before


def test_passwords_that_others_may_read_are_complained_of_and_never_shown(server: Path) -> None:
    file = write(server, [ANNE], [], mode=0o644)
    code, out, err = run(server)
    assert (code, err) == (0, f"flowctl apply: others may read the passwords in {file}: chmod 600 it\n")
    assert "s3cret" not in out
    for path in (server / "var").iterdir():
        assert b"s3cret" not in path.read_bytes()
    write(server, [{"code": "201", "password": "s3cret", "phon": "x"}], [])
    code, out, err = run(server)
    assert (code, out) == (1, "")
    assert "agents.0.phon" in err
    assert "s3cret" not in err


def test_a_mistake_in_the_file_changes_nothing(server: Path) -> None:
    write(server, [HUGO], [])
    run(server)
    file = write(server, [], [SUPPORT])
    mistake = f"{file}: file: centre 'support' has an agent '201' who is not in `agents`"
    assert run(server) == (1, "", f"{mistake}\n")
    code, out, err = run(server, "--format", "json")
    assert (code, json.loads(out), err) == (1, {"applied": False, "mistakes": [mistake]}, "")
    assert stored(server).revision.number == 1


def test_what_cannot_be_done_ends_with_2(server: Path) -> None:
    assert run(server) == (2, "", f"flowctl apply: {server}/directory.yaml: No such file or directory\n")
    write(server, [HUGO], [])
    assert run(server, "--format", "xml") == (2, "", "flowctl apply: --format is text | json\n")
    (server / "var").mkdir()
    (server / "var" / "flowctl.db").write_bytes(b"this is no database " * 100)
    code, _, err = run(server)
    assert (code, "var/flowctl.db: file is not a database: put a copy" in err) == (2, True)
    (server / "server.yaml").write_text("colour: blue\n")
    assert run(server)[0] == 2


def test_commands_at_the_same_moment_all_have_their_way(server: Path) -> None:
    """Each adds an agent and keeps the others."""

    def add(number: int) -> tuple[int, str]:
        file = server / f"{number}.yaml"
        file.write_text(json.dumps({"agents": [{"code": str(number)}]}))
        command = [*FLOWCTL, "apply", str(file), "--config", str(server / "server.yaml"), "--keep"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30, text=True)
        return done.returncode, done.stderr.replace("flowctl apply: another command was faster: once more\n", "")

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(add, range(4))) == [(0, "")] * 4
    now = stored(server)
    assert (now.revision.number, [agent.code for agent in now.directory.agents]) == (4, ["0", "1", "2", "3"])


@pytest.mark.skipif(os.geteuid() != 0, reason="root, to become somebody else")
def test_the_file_that_root_makes_is_the_folders_owners(server: Path) -> None:
    write(server, [HUGO], [])
    (server / "var").mkdir()
    os.chown(server / "var", NOBODY, NOBODY)
    run(server)
    assert (server / "var" / "flowctl.db").stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="root, to become somebody else")
def test_who_may_not_write_there_is_told_so() -> None:
    with TemporaryDirectory() as name:
        server = Path(name)
        server.chmod(0o755)
        (server / "server.yaml").write_text("data: var\n")
        write(server, [HUGO], [], mode=0o644)
        run(server, "--dry-run")
        os.seteuid(NOBODY)
        try:
            assert run(server)[::2] == (2, f"flowctl apply: {server}/var/flowctl.db: Permission denied\n")
            os.seteuid(0)
            run(server)
            write(server, [ANNE], [], mode=0o644)
            (server / "var").chmod(0o755)
            (server / "var" / "flowctl.db").chmod(0o644)
            os.seteuid(NOBODY)
            code, _, err = run(server)
        finally:
            os.seteuid(0)
        assert code == 2
        assert "this user may not write to it, or to its folder" in err
        assert [agent.code for agent in stored(server).directory.agents] == ["202"]


def test_it_speaks_french_when_asked(server: Path) -> None:
    write(server, [HUGO], [])
    out = run(server, "--dry-run", "--language", "fr")[1]
    use_language("en")
    assert "agent 202: ajouté" in out and "rien n'a été écrit" in out
