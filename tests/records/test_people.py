"""Agents and centres in the database: everything comes back, and nothing is half written."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.directories import directories
from support.mariadb import MariaDb
from support.places import Place, mariadb_place, sqlite_place
from support.served import ROOT

from engine.centres.difference import differences, put_in_place
from engine.centres.directory import Directory
from engine.centres.passwords import hashed
from engine.errors import DatabaseError
from engine.records import sqlite
from engine.records.database import Database
from engine.records.people import Outdated, People, Revision, Stored


def people(*codes: str, **centre: Any) -> Directory:
    return Directory.model_validate(
        {
            "agents": [{"code": code, "phone": f"sip:{code}@x"} for code in codes],
            "centres": [{"name": "support", "agents": list(codes), **centre}],
        }
    )


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place()
    yield database
    await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "flowctl.db"


@pytest.fixture
async def file(path: Path) -> AsyncIterator[Database]:
    database = Database(path)
    yield database
    await database.close()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, mariadb_server: MariaDb) -> list[Place]:
    return [sqlite_place(tmp_path_factory.mktemp("people")), mariadb_place(mariadb_server)]


@settings(max_examples=25, deadline=None)
@given(st.lists(directories(), min_size=2, max_size=3))
def test_whatever_is_stored_comes_back(places: list[Place], versions: list[Directory]) -> None:
    async def run(place: Place) -> None:
        database = place()
        stored = await People(database).load()
        for number, version in enumerate(versions, stored.revision.number + 1):
            revision = await People(database).store(stored, version)
            stored = await People(database).load()
            assert (stored.revision, revision.number) == (revision, number)
            assert differences(version, stored.directory) == []
            hashes = {agent.code: agent.password_hash for agent in stored.directory.agents}
            assert hashes == {agent.code: agent.password_hash for agent in version.agents}
        await database.close()

    for place in places:
        asyncio.run(run(place))


async def test_before_anything_is_stored_there_is_nobody(database: Database) -> None:
    assert await People(database).load() == Stored()
    assert await People(database).revision() == Revision()


async def test_who_reads_makes_no_file(file: Database, path: Path) -> None:
    assert await People(file).load() == Stored()
    assert not path.parent.exists()


async def test_nobody_else_can_read_the_file(file: Database, path: Path) -> None:
    await People(file).store(Stored(), people("1"))
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_password_in_clear_is_not_stored(database: Database) -> None:
    clear = Directory.model_validate({"agents": [{"code": "1", "password": "secret"}]})
    with pytest.raises(ValueError, match="clear"):
        await People(database).store(Stored(), clear)


async def test_of_two_who_change_the_same_directory_one_has_to_look_again(database: Database, place: Place) -> None:
    one, other = People(database), People(second := place())
    results = await asyncio.gather(
        *(who.store(Stored(), people(code)) for who, code in ((one, "1"), (other, "2"))), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Outdated", "Revision"]
    before = await one.load()
    assert await other.store(before, people("3")) == Revision(2, before.revision.born)
    with pytest.raises(Outdated, match="try again"):
        await one.store(before, people("4"))
    assert [agent.code for agent in (await one.load()).directory.agents] == ["3"]
    await second.close()


KILLED = """
import asyncio, os, sqlite3, sys
from pathlib import Path
from sqlalchemy import Engine, event
from engine.centres.directory import Directory
from engine.records.database import Database
from engine.records.people import People

path = Path(sys.argv[1])
left = 0

@event.listens_for(Engine, "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

async def store(given):
    database = Database(path)
    await People(database).store(await People(database).load(), Directory.model_validate(given))
    await database.close()

old = {"agents": [{"code": "1"}, {"code": "2"}], "centres": [{"name": "a", "agents": ["1", "2"]}]}
new = {"agents": [{"code": "1", "phone": "17"}, {"code": "3"}], "centres": [{"name": "b", "agents": ["3"]}]}

asyncio.run(store(old))
made = path.read_bytes()
for number in range(1, 100):
    for file in path.parent.iterdir():
        file.unlink()
    path.write_bytes(made)
    who = os.fork()
    if who == 0:
        left = number
        asyncio.run(store(new))
        os._exit(0)
    _, status = os.waitpid(who, 0)
    writer = sqlite3.connect(path, isolation_level=None, timeout=0)
    assert writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    writer.execute("BEGIN IMMEDIATE")
    print(status, *(code for code, in writer.execute("SELECT code FROM agents ORDER BY code")), flush=True)
    writer.close()
    if not status:
        break
"""


def test_whoever_is_killed_in_the_middle_leaves_the_old_directory_and_no_lock(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "flowctl.db")],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    *killed, finished = done.stdout.splitlines()
    assert len(killed) > 10
    assert set(killed) == {"9 1 2"}
    assert finished == "0 1 3"


def broken(path: Path) -> None:
    path.write_bytes(b"this is no database at all " * 100)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE parts SET form = 2")


def nonsense(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE centres SET search_order = 'by name'")


def in_pieces(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE memberships")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (broken, "not a database: put a copy of it back"),
        (newer, "form 2, and this version knows 1: update flowctl"),
        (nonsense, "the directory in it cannot be"),
        (in_pieces, "no such table: memberships"),
    ],
)
async def test_a_database_that_cannot_be_used_is_named(
    file: Database, path: Path, spoil: Callable[[Path], None], complaint: str
) -> None:
    await People(file).store(Stored(), people("1"))
    await file.close()
    await asyncio.to_thread(spoil, path)
    with pytest.raises(DatabaseError, match=complaint) as refused:
        await People(file).load()
    assert str(path) in str(refused.value)


async def test_where_no_file_can_be_made_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(DatabaseError, match=r"var/flowctl\.db: (Not a directory|File exists)"):
        await People(Database(tmp_path / "var" / "flowctl.db")).store(Stored(), people("1"))


async def test_a_file_in_the_place_of_another_is_another_directory(file: Database, path: Path) -> None:
    here, other = People(file), Database(path)
    first = await here.store(Stored(), people("1"))
    for each in await asyncio.to_thread(lambda: list(path.parent.iterdir())):
        each.unlink()
    second = await People(other).store(Stored(), people("2"))
    await other.close()
    assert first.number == second.number
    assert await here.revision() == second
    assert (await here.load()).directory.agents[0].code == "2"


async def test_those_who_notice_at_once_connect_once(
    file: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await People(file).store(Stored(), people("1"))
    for each in await asyncio.to_thread(lambda: list(path.parent.iterdir())):
        each.unlink()
    await People(other := Database(path)).store(Stored(), people("2"))
    await other.close()
    made = []
    engine = file._backend.engine
    monkeypatch.setattr(file._backend, "engine", lambda: made.append(engine()) or made[-1])
    revisions = await asyncio.gather(*(People(file).revision() for _ in range(5)))
    assert [revision.number for revision in revisions] == [1] * 5
    assert len(made) == 1


async def test_a_database_that_does_not_answer_is_given_up(database: Database) -> None:
    await People(database).store(Stored(), people("1"))
    with pytest.raises(DatabaseError, match=r"no answer within 0\.05 s"):
        await database.read(lambda _: asyncio.Event().wait(), 0.05)
    assert (await People(database).revision()).number == 1


async def test_who_writes_keeps_others_from_writing_but_not_from_reading(
    file: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    before = await People(file).store(Stored(), people("1"))
    connection = await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    assert await People(file).revision() == before
    with pytest.raises(DatabaseError, match="locked: another program is writing"):
        await People(file).store(await People(file).load(), people("2"))
    connection.close()


def test_only_a_password_that_is_another_is_a_difference() -> None:
    stored = Directory.model_validate({"agents": [{"code": "1", "password_hash": hashed("secret")}]})

    def given(**fields: str) -> list[Any]:
        return differences(
            stored, put_in_place(stored, Directory.model_validate({"agents": [{"code": "1", **fields}]}))
        )

    assert given() == given(password="secret") == given(password_hash=stored.agents[0].password_hash or "") == []
    (change,) = given(password="other")
    assert (change.deed, change.fields) == ("changed", {"password": ("set", "changed")})
    assert "other" not in repr(change)
