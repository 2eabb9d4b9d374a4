"""`flowctl database`: its state, its tables, and what it has refused."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from support.recorded_facts import call
from typer.testing import CliRunner

from engine.outside.absent import NoAlerts
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.outbox import Outbox
from tools.flowctl.commands.database import app


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text("time_zone: Europe/Paris\n")
    return tmp_path


def run(server: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--config", str(server / "server.yaml")])
    return done.exit_code, done.output


async def drain(server: Path, *entries: object) -> None:
    outbox, database = Outbox(server / "var" / "outbox.db"), Database(server / "var" / "flowctl.db")
    await outbox.open()
    await outbox.put(*entries)  # type: ignore[arg-type]
    drainer = Drainer(outbox, database, NoAlerts())
    drainer.start()
    await drainer.close(30)
    await database.close()
    await outbox.close()


def test_tables_are_made_and_brought_up_to_date(server: Path) -> None:
    file = server / "var" / "flowctl.db"
    assert run(server, "status") == (0, f"{file}: tables not made yet\n")
    assert run(server, "upgrade") == (0, f"{file}: tables up to date\n")
    assert run(server, "status") == (0, f"{file}: tables up to date\n")
    for version, said in (("0000", "of a later version"), (None, "of an earlier version: start the server")):
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version or "x",))
            if version is None:
                connection.execute("DROP TABLE alembic_version")
        connection.close()
        status, output = run(server, "status")
        assert (status, said in output) == (1, True)
    assert run(server, "upgrade")[0] == run(server, "status")[0] == 0


def test_what_was_refused_is_shown_and_tried_again(server: Path) -> None:
    asyncio.run(drain(server, call("a"), call("b", did=None), call("c")))
    status, output = run(server, "status")
    assert status == 1
    assert "refused: call b: not a call" in output
    assert json.loads(run(server, "status", "--format", "json")[1])["refused"][0]["id"] == "b"
    assert run(server, "retry") == (0, "1 record waits again\n")
    assert "waiting in the outbox: call: 1" in run(server, "status")[1]
    asyncio.run(drain(server))
    assert "refused: call b" in run(server, "status")[1]


def test_a_database_that_cannot_be_reached_is_2(server: Path) -> None:
    (server / "server.yaml").write_text(f"database: {{url: 'mysql://root@localhost/x?unix_socket={server}/none'}}\n")
    status, output = run(server, "status")
    assert status == 2
    assert "flowctl database: mysql://localhost/x: Can't connect" in output


def test_a_database_that_is_away_is_when_people_ask_what_waits(server: Path) -> None:
    async def fill() -> None:
        outbox = Outbox(server / "var" / "outbox.db")
        await outbox.open()
        await outbox.put(call("a"), call("b"))
        await outbox.close()

    asyncio.run(fill())
    (server / "server.yaml").write_text(f"database: {{url: 'mysql://root@localhost/x?unix_socket={server}/none'}}\n")
    status, output = run(server, "status", "--language", "fr")
    assert status == 2
    assert "en attente" in output
    assert "call : 2" in output
    shown = CliRunner().invoke(app, ["status", "--format", "json", "--config", str(server / "server.yaml")])
    assert json.loads(shown.stdout) == {
        "database": "mysql://localhost/x", "tables": None, "waiting": {"call": 2}, "refused": []
    }  # fmt: skip
