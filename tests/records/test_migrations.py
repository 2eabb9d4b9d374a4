"""The tables as migrations make them, from nothing and from those of earlier programs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection
from support.mariadb import MariaDb
from support.places import Place, mariadb_place

from engine.errors import DatabaseError
from engine.records import migrations, people_rows, tables, tokens
from engine.records.contacts import table as contacts
from engine.records.meta import META
from engine.records.migrations import REVISIONS, TABLE

WITH_TABLES = (contacts, people_rows, tables, tokens)
"""What has to be imported for META to know all tables."""


def differences(connection: Connection) -> list[Any]:
    """What the tables have that META has not, and the other way round."""
    assert all(module.META is META for module in WITH_TABLES)
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, META)


async def run(place: Place, *statements: str) -> None:
    database = place()

    async def work(connection: AsyncConnection) -> None:
        for statement in statements:
            await connection.execute(text(statement))

    await database.write(work)
    await database.close()


async def test_they_are_what_the_program_expects(place: Place) -> None:
    database = place()
    assert await database.state() == "none"
    await database.upgrade()
    assert await database.state() == "current"
    assert await database.read(lambda connection: connection.run_sync(differences)) == []
    await database.close()


def test_all_versions_are_known_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))


async def test_those_without_a_version_are_taken_over_with_what_is_in_them(place: Place) -> None:
    """So did programs make them before there were versions."""
    await run(
        place,
        "INSERT INTO parts (name, form, born, revision) VALUES ('people', 1, 'x', 7)",
        "INSERT INTO agents (code, first_name, last_name, active) VALUES ('201', 'Anne', '', 1)",
        f"DROP TABLE {TABLE}",
        "DROP TABLE calls",
        "DROP INDEX searches_of_call" + (" ON searches" if "mysql" in place().name else ""),
    )
    database = place()
    with pytest.raises(DatabaseError, match="earlier version: start the server, or run `flowctl database upgrade`"):
        await database.read(lambda connection: connection.execute(text("SELECT 1")))
    await database.upgrade(make=False)
    assert await database.read(lambda connection: connection.run_sync(differences)) == []
    rows = await database.read(lambda connection: connection.scalar(text("SELECT revision FROM parts")))
    assert rows == 7
    await database.close()


async def test_two_servers_that_start_at_once(place: Place) -> None:
    databases = [place() for _ in range(4)]
    await asyncio.gather(*(database.upgrade() for database in databases))
    assert [await database.state() for database in databases] == ["current"] * 4
    for database in databases:
        await database.close()


async def test_a_server_that_comes_while_another_changes_the_tables_waits(
    mariadb_server: MariaDb,
) -> None:
    """MariaDB refuses to describe a table in that moment."""
    place = mariadb_place(mariadb_server)
    holder = place()
    await holder.upgrade()
    await run(place, f"DELETE FROM {TABLE}")
    name = place().name.rpartition("/")[2]
    moves = ["parts TO p, tokens TO t", "p TO parts, t TO tokens"]
    changing = "".join(f"RENAME TABLE {move}; " for move in moves)
    lock = f"SELECT GET_LOCK('flowctl {hashlib.sha1(name.encode()).hexdigest()}', 5); "

    def waits(what: str) -> bool:
        return what in mariadb_server.run("SELECT state FROM information_schema.processlist")

    async with asyncio.timeout(20):
        release = asyncio.Event()

        async def hold(connection: AsyncConnection) -> None:
            await connection.execute(text("SELECT * FROM tokens"))
            await release.wait()

        holding = asyncio.create_task(holder.read(hold, 20))
        other = asyncio.create_task(asyncio.to_thread(mariadb_server.run_in, name, lock + changing))
        while not await asyncio.to_thread(waits, "metadata lock"):
            await asyncio.sleep(0.05)
        database = place()
        upgrading = asyncio.create_task(database.upgrade())
        while not await asyncio.to_thread(waits, "User lock") and not upgrading.done():
            await asyncio.sleep(0.05)
        release.set()
        await asyncio.gather(holding, other, upgrading)
    assert await database.state() == "current"
    await holder.close()
    await database.close()


async def test_who_reads_changes_nothing(place: Place) -> None:
    database = place()
    assert await database.read(lambda connection: connection.execute(text("SELECT 1"))) is None
    assert await database.state() == "none"
    await database.close()


async def test_those_of_a_later_version_are_left_alone(place: Place) -> None:
    await run(place, f"UPDATE {TABLE} SET version_num = '9999'")
    database = place()
    for deed in (database.read, database.write):
        with pytest.raises(DatabaseError, match="later version: update flowctl"):
            await deed(lambda connection: connection.execute(text("DELETE FROM calls")))
    with pytest.raises(DatabaseError, match="later version: update flowctl"):
        await database.upgrade()
    await database.close()


async def test_tables_that_somebody_has_dropped_are_made_again(place: Place) -> None:
    database = place()
    await database.upgrade()

    def drop(connection: Connection) -> None:
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)

    await database.write(lambda connection: connection.run_sync(drop))
    count = text("SELECT COUNT(*) FROM calls")
    with pytest.raises(DatabaseError, match="calls"):
        await database.write(lambda connection: connection.execute(count))
    assert await database.write(lambda connection: connection.scalar(count)) == 0
    await database.close()


async def test_a_company_s_own_table_of_contacts_stays_as_it_is(place: Place) -> None:
    await run(place, "DROP TABLE Contacts", "CREATE TABLE Contacts (strIdent TEXT)", f"DROP TABLE {TABLE}")
    database = place()
    await database.upgrade()
    found = await database.read(lambda it: it.run_sync(lambda it: inspect(it).get_columns("Contacts")))
    assert [column["name"] for column in found or ()] == ["strIdent"]
    await database.close()


async def test_bringing_them_up_to_date_tells_the_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    database = place()
    await database.upgrade()
    assert f"{database.name}: its tables are of version {REVISIONS[-1]} now" in caplog.text
    await database.close()
