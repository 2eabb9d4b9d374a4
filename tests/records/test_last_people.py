"""A server whose database does not answer when it starts has the agents that were known last."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.mariadb import MariaDb

from engine.centres.centres import Centres
from engine.centres.directory import Directory
from engine.centres.passwords import hashed
from engine.errors import DatabaseError
from engine.records.applying import carry_out, plan
from engine.records.database import Database
from engine.records.mariadb import MariaDbServer
from engine.records.people import People
from engine.server import people as module
from engine.server.people import KeptPeople
from engine.server.settings import Settings


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    caplog.set_level(logging.INFO)


@pytest.fixture
def root(tmp_path: Path, mariadb_server: MariaDb) -> Path:
    """The folder of a server whose database is reached by a socket that is there as long as `away` has not gone."""
    mariadb_server.run_in("", "DROP DATABASE IF EXISTS last; CREATE DATABASE last")
    (tmp_path / "directory.yaml").write_text(json.dumps({"agents": [{"code": "1", "first_name": "Anne"}]}))
    (tmp_path / "server.yaml").write_text(json.dumps({"database": {"url": url(tmp_path)}}))
    (tmp_path / "var").mkdir()
    (tmp_path / "socket").symlink_to(mariadb_server.socket)
    return tmp_path


def url(root: Path) -> str:
    return f"mysql://root@localhost/last?unix_socket={root}/socket"


@asynccontextmanager
async def kept(root: Path) -> AsyncIterator[Centres]:
    it = KeptPeople(await asyncio.to_thread(Settings.load, root / "server.yaml"))
    centres = None
    try:
        centres = Centres(await it.open())
        it.follow(centres)
        yield centres
    finally:
        await it.close()
        if centres is not None:
            centres.close()


async def apply(root: Path, *codes: str) -> None:
    database = Database(MariaDbServer(url(root), None))
    given = Directory.model_validate({"agents": [{"code": code, "password_hash": hashed("x")} for code in codes]})
    await carry_out(People(database), await plan(People(database), given))
    await database.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_it_starts_with_them_and_follows_the_database_when_that_is_back(
    root: Path, mariadb_server: MariaDb, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(root) as centres:
        await apply(root, "1", "2")
        await until(lambda: len(centres.desks) == 2)
        await until(lambda: "password_hash" in (root / "var" / "people.json").read_text())
    assert (root / "var" / "people.json").stat().st_mode & 0o777 == 0o600
    (root / "socket").unlink()
    async with kept(root) as centres:
        assert [(desk.code, desk.agent.logs_in) for desk in centres.desks] == [("1", True), ("2", True)]
        assert (
            "agents and centres are those that were known last: mysql://localhost/last: Can't connect" in caplog.text
        )
        (root / "socket").symlink_to(mariadb_server.socket)
        await until(lambda: "the database can be read again" in caplog.text)
        await apply(root, "1", "2", "3")
        await until(lambda: len(centres.desks) == 3)
    assert "agents and centres stay as they were" not in caplog.text


async def test_one_that_has_never_known_any_does_not_start(root: Path) -> None:
    (root / "socket").unlink()
    with pytest.raises(DatabaseError, match="Can't connect"):
        async with kept(root):
            pass


@pytest.mark.parametrize("text", ["", "{}", '{"revision": 1, "born": "x", "directory": {"agents": 3}}'])
async def test_what_is_left_of_a_spoilt_file_is_not_used(
    root: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(root):
        pass
    (root / "var" / "people.json").write_text(text)
    (root / "socket").unlink()
    with pytest.raises(DatabaseError, match="Can't connect"):
        async with kept(root):
            pass
    assert "people.json cannot be read" in caplog.text


async def test_a_wrong_password_is_no_reason_to_start_without(root: Path) -> None:
    """It is a mistake in the settings, and would stay one."""
    async with kept(root):
        pass
    (root / "server.yaml").write_text(json.dumps({"database": {"url": url(root).replace("root@", "nobody@")}}))
    with pytest.raises(DatabaseError, match=r"Access denied .*: see user and password in the setting database"):
        async with kept(root):
            pass
