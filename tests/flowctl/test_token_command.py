"""`flowctl token`."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.centres.directory import Directory
from engine.records.database import Database
from engine.records.people import People, Stored
from engine.records.tokens import Holder, Tokens
from tools.flowctl.commands import token

PEOPLE = Directory.model_validate({"agents": [{"code": "201"}], "centres": []})


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "server.yaml").write_text("data: var\n")

    async def store() -> None:
        database = Database(tmp_path / "var" / "flowctl.db")
        await People(database).store(Stored(), PEOPLE)
        await database.close()

    asyncio.run(store())
    return tmp_path


def run(server: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(token.app, [*arguments, "--config", str(server / "server.yaml")])
    return result.exit_code, result.stdout.strip(), result.stderr.strip()


def holder(server: Path, secret: str) -> Holder | None:
    async def find() -> Holder | None:
        database = Database(server / "var" / "flowctl.db")
        found = await Tokens(database).holder(secret)
        await database.close()
        return found

    return asyncio.run(find())


def test_an_agent_has_one_token_the_newest(server: Path) -> None:
    assert holder(server, "x") is None
    (status, first, _), (_, second, _) = run(server, "201"), run(server, "201")
    assert status == 0
    assert len(first) == len(second) == 32
    assert (holder(server, first), holder(server, second)) == (None, Holder("agent", "201"))
    assert run(server, "201", "--revoke") == (0, "201 has no token any more", "")
    assert holder(server, second) is None
    assert run(server, "201", "--revoke")[0] == 2


def test_the_token_itself_is_not_kept(server: Path) -> None:
    _, secret, _ = run(server, "201")
    with sqlite3.connect(server / "var" / "flowctl.db") as database:
        rows = str(database.execute("select * from tokens").fetchall())
    database.close()
    assert "201" in rows
    assert secret not in rows


def test_the_token_of_an_agent_goes_with_them(server: Path) -> None:
    _, secret, _ = run(server, "201")
    _, crm, _ = run(server, "201", "--application")

    async def leave_and_come_back() -> None:
        database = Database(server / "var" / "flowctl.db")
        people = People(database)
        await people.store(await people.load(), Directory())
        await people.store(await people.load(), PEOPLE)
        await database.close()

    asyncio.run(leave_and_come_back())
    assert (holder(server, secret), holder(server, crm)) == (None, Holder("application", "201"))


def test_an_agent_who_is_not_there_gets_none_and_an_application_needs_no_agent(server: Path) -> None:
    assert run(server, "202") == (
        2,
        "",
        "flowctl token: there is no agent '202' (did you mean `201`?); nothing was changed",
    )
    status, secret, _ = run(server, "crm", "--application")
    assert (status, holder(server, secret)) == (0, Holder("application", "crm"))
    assert run(server, "x" * 101, "--application")[0] == 2
