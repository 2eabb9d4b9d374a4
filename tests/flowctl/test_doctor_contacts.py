"""`flowctl doctor` looks at the table of contacts."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from engine.records.database import Database
from engine.server.settings import Settings
from tools.flowctl.doctor.check import Finding, Patient
from tools.flowctl.doctor.checks import contacts


def look(folder: Path) -> list[Finding]:
    (folder / "server.yaml").write_text("data: var\n")
    return list(asyncio.run(contacts.run(Patient(Settings.load(folder / "server.yaml"), None))))


def made(folder: Path) -> Path:
    """The database, with its tables."""
    file = folder / "var" / "flowctl.db"

    async def make() -> None:
        database = Database(file)
        await database.upgrade()
        await database.close()

    asyncio.run(make())
    return file


def test_contacts_are_counted(tmp_path: Path):
    file = made(tmp_path)
    (found,) = look(tmp_path)
    assert (found.state, "flowctl contacts import" in found.message) == ("skipped", True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO Contacts (strIdent) VALUES ('7')")
    (found,) = look(tmp_path)
    assert (found.state, found.message) == ("ok", "1 contact")


def test_a_column_that_a_job_has_taken_away(tmp_path: Path):
    with closing(sqlite3.connect(made(tmp_path))) as connection, connection:
        connection.execute("ALTER TABLE Contacts DROP COLUMN strWho")
    (found,) = look(tmp_path)
    assert (found.state, "strWho" in found.message, bool(found.advice)) == ("warning", True, True)
