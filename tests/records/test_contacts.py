"""Who calls, by the table of contacts, on both databases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection
from support.mariadb import MariaDb
from support.places import Place, mariadb_place

from engine.errors import CallError
from engine.records.contacts import lookup
from engine.records.contacts.feed import read_feed
from engine.records.contacts.index import NumberIndex, pairs_of
from engine.records.contacts.lookup import TableContacts
from engine.records.contacts.spelling import Spelling
from engine.records.contacts.storing import store
from engine.records.contacts.table import CONTACTS
from engine.records.database import Database
from engine.tasks import cancel

FRANCE = Spelling("FR")
NUMBER = "+33143670903"


class Table:
    """The table, by way of a database that is closed at the end."""

    def __init__(self, database: Database, contacts: TableContacts) -> None:
        self.database = database
        self.contacts = contacts
        self.find = contacts.find

    async def put(self, *rows: Mapping[str, Any]) -> None:
        async def work(connection: AsyncConnection) -> None:
            for row in rows:
                await connection.execute(insert(CONTACTS).values(**row))

        await self.database.write(work)

    async def run(self, statement: Any, values: Mapping[str, Any] | None = None) -> None:
        await self.database.write(lambda connection: connection.execute(statement, values))


@asynccontextmanager
async def table_of(place: Place, *, timeout: float = 5, expires: float = 300) -> AsyncIterator[Table]:
    database = place()
    await database.upgrade()
    contacts = TableContacts(database, FRANCE, timeout=timeout, expires=expires)
    try:
        yield Table(database, contacts)
    finally:
        await contacts.close()
        await database.close()


@pytest.mark.parametrize("written", [NUMBER, "0143670903", "01 43 67 09 03", "01.43.67.09.03", "0033143670903"])
async def test_usual_spellings_are_found_at_once(place: Place, written: str):
    async with table_of(place) as table:
        await table.put({"strIdent": "7", "strLastName": "Zoé", "strGsmNumber2": written})
        found = await table.find(NUMBER)
        assert found is not None
        assert (found["strIdent"], found["strLastName"], found["strGsmNumber2"]) == ("7", "Zoé", written)
        assert await table.find("+33143670904") is None
        assert await table.find("") is None


async def test_any_other_spelling_is_found_once_the_table_was_read(place: Place):
    async with table_of(place, expires=0) as table:
        await table.put({"strIdent": "7", "strPhoneNumber1": "Tel. +33 (0)1-43 67 / 09 03, le matin"})
        assert await table.find(NUMBER) is None
        await table.contacts.learn()
        assert (await table.find(NUMBER) or {})["strIdent"] == "7"


async def test_of_several_the_one_that_was_changed_last(place: Place):
    async with table_of(place) as table:
        rows = [
            {"strIdent": "never", "strPhoneNumber1": NUMBER},
            {"strIdent": "old", "strPhoneNumber1": NUMBER, "dLastDateUpdate": datetime(2026, 1, 1)},  # noqa: DTZ001
            {"strIdent": "new", "strPhoneNumber2": "01 43 67 09 03", "dLastDateUpdate": datetime(2027, 1, 1)},  # noqa: DTZ001
            {"strIdent": "other", "strPhoneNumber2": "0143670904", "dLastDateUpdate": datetime(2028, 1, 1)},  # noqa: DTZ001
        ]
        await table.put(*rows)
        assert (await table.find(NUMBER) or {})["strIdent"] == "new"


async def test_an_answer_is_remembered_and_expires(place: Place):
    async with table_of(place, expires=0.2) as table:
        await table.put({"strIdent": "7", "strPhoneNumber1": NUMBER})
        assert await table.find(NUMBER) is not None
        await table.run(delete(CONTACTS))
        assert await table.find(NUMBER) is not None
        await asyncio.sleep(0.25)
        assert await table.find(NUMBER) is None


async def test_the_table_is_followed(place: Place, monkeypatch: pytest.MonkeyPatch):
    """A job that adds, and one that puts another table in the place of this one."""
    monkeypatch.setattr(lookup, "LOOK", 0.05)
    async with table_of(place) as table:
        following = asyncio.create_task(table.contacts.follow())
        try:
            await table.put({"strIdent": "7", "strPhoneNumber1": "Bureau: 33-1-43-67-09-03"})
            async with asyncio.timeout(10):
                while (found := await table.find(NUMBER)) is None:
                    await asyncio.sleep(0.02)
            assert found["strIdent"] == "7"
        finally:
            await cancel(following)


async def test_a_file_taken_twice_changes_nothing_the_second_time(place: Place):
    data = b"ident,name,phone\n7,Ann,0143670903\n,Bob,0143670904\n8,Cy,0143670905\n"
    database = place()
    rows = list(read_feed(data, FRANCE).rows.values())
    tried = await store(database, rows, dry_run=True)
    assert (len(tried.added), tried.unchanged) == (3, 0)
    assert len((await store(database, rows, dry_run=False)).added) == 3
    again = await store(database, rows, dry_run=False)
    assert (again.added, again.changed, again.unchanged) == ([], {}, 3)
    moved = list(read_feed(b"ident;phone\n7;0143670999\n", FRANCE).rows.values())
    told: list[tuple[int, int]] = []
    changed = await store(database, moved, dry_run=False, written=lambda *count: told.append(count))
    assert told == [(1, 1)]
    assert list(changed.changed.values()) == [{"strPhoneNumber1": "+33143670999"}]
    found = await TableContacts(database, FRANCE, timeout=5, expires=0).find("+33143670999")
    assert found is not None
    assert (found["strLastName"], found["dLastDateUpdate"] is not None) == ("Ann", True)
    await database.close()


async def test_a_table_that_does_not_answer_costs_one_call_a_moment_and_the_others_nothing(mariadb_server: MariaDb):
    async with table_of(mariadb_place(mariadb_server), timeout=0.3) as table:
        assert await table.find(NUMBER) is None
        with mariadb_server.frozen():
            begun = time.monotonic()
            with pytest.raises(CallError, match=r"no answer within 0\.3 s"):
                await table.find("+33143670904")
            assert 0.29 < time.monotonic() - begun < 1
            begun = time.monotonic()
            for last in range(100):
                with pytest.raises(CallError, match="a moment ago"):
                    await table.find(f"+331436708{last:02}")
            assert time.monotonic() - begun < 0.1


async def test_a_table_of_another_form_says_what_is_missing(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(lookup, "PAUSE", 0.0)
    async with table_of(place) as table:
        await table.run(text("ALTER TABLE Contacts DROP COLUMN strWho"))
        for _ in range(3):
            with pytest.raises(CallError, match="strWho"):
                await table.find(NUMBER)
        assert caplog.text.count("strWho") == 1
        await table.run(text("DROP TABLE Contacts"))
        with pytest.raises(CallError, match="Contacts"):
            await table.find(NUMBER)


async def test_a_large_table_is_read_and_asked_fast(place: Place):
    database = place()
    rows = [
        {"strIdent": str(n), "strPhoneNumber1": f"+33 (0)1 43 {n // 10000:02} {n // 100 % 100:02} {n % 100:02}"}
        for n in range(20_000)
    ]
    await database.write(lambda connection: connection.execute(insert(CONTACTS), rows))
    contacts = TableContacts(database, FRANCE, timeout=5, expires=0)
    begun = time.process_time()
    await contacts.learn(rest=0)
    assert time.process_time() - begun < 3
    begun = time.monotonic()
    for n in range(0, 20_000, 1_000):
        assert (await contacts.find(f"+33143{n:06}") or {})["strIdent"] == str(n)
    assert (time.monotonic() - begun) / 20 < 0.1
    await database.close()


@pytest.mark.parametrize("written", ["31/01/2027", "", "0", "2027-01-31", "soon"])
async def test_a_date_as_jobs_write_it_hides_no_contact(place: Place, written: str):
    """SQLite takes anything as a date, and a column may be changed into one of text."""
    async with table_of(place, expires=0) as table:
        if "mysql" in table.database.name:
            await table.run(text("ALTER TABLE Contacts MODIFY dLastDateUpdate VARCHAR(30)"))
        await table.run(
            text("INSERT INTO Contacts (strIdent, strPhoneNumber1, dLastDateUpdate) VALUES ('7', :number, :date)"),
            {"number": NUMBER, "date": written},
        )
        await table.put({"strIdent": "8", "strPhoneNumber1": "Tel. (+33) 143670903 le soir"})
        await table.contacts.learn()
        found = await table.find(NUMBER)
        assert found is not None
        assert found["strIdent"] == "7"
        assert found["dLastDateUpdate"] in (None, datetime(2027, 1, 31))  # noqa: DTZ001
        deeds = await store(table.database, [{"strIdent": "7", "strLastName": "Ann"}], dry_run=False)
        assert len(deeds.changed) == 1


async def test_a_date_that_is_none_hides_no_contact(mariadb_server: MariaDb):
    async with table_of(mariadb_place(mariadb_server), expires=0) as table:
        values = f"VALUES ('7', '{NUMBER}', '0000-00-00')"
        row = f"SET sql_mode = ''; INSERT INTO Contacts (strIdent, strPhoneNumber1, dLastDateUpdate) {values}"
        mariadb_server.run_in(table.database.name.rpartition("/")[2], row)
        await table.put({"strIdent": "8", "strPhoneNumber1": NUMBER, "dLastDateUpdate": datetime(2027, 1, 31)})  # noqa: DTZ001
        await table.contacts.learn()
        assert (await table.find(NUMBER) or {})["strIdent"] == "8"


async def test_columns_of_numbers_or_bytes_are_read(mariadb_server: MariaDb):
    async with table_of(mariadb_place(mariadb_server), expires=0) as table:
        await table.run(
            text("ALTER TABLE Contacts MODIFY strPhoneNumber1 BIGINT, MODIFY strGsmNumber1 VARBINARY(100)")
        )
        await table.run(text("INSERT INTO Contacts (strIdent, strPhoneNumber1) VALUES ('7', 33143670903)"))
        await table.run(text("INSERT INTO Contacts (strIdent, strGsmNumber1) VALUES ('8', 'Bureau 0143670904')"))
        await table.contacts.learn()
        assert (await table.find(NUMBER) or {})["strPhoneNumber1"] == "33143670903"
        assert (await table.find("+33143670904") or {})["strGsmNumber1"] == "Bureau 0143670904"


async def test_a_number_that_everybody_has(place: Place):
    """As a job writes it that has no other."""
    async with table_of(place, expires=0) as table:
        rows = [{"strIdent": str(n), "strPhoneNumber1": f"+33 (0){NUMBER[3:]}"} for n in range(40_000)]
        await table.database.write(lambda connection: connection.execute(insert(CONTACTS), rows))
        await table.contacts.learn()
        begun = time.monotonic()
        assert await table.find(NUMBER) is not None
        assert time.monotonic() - begun < 0.4


async def test_a_locked_table_is_not_waited_for_when_nobody_asks_any_more(mariadb_server: MariaDb):
    """A job that locks the table for an hour would else find a connection more each few seconds."""
    async with table_of(mariadb_place(mariadb_server)) as table:
        seconds = await table.database.read(lambda connection: connection.scalar(text("SELECT @@lock_wait_timeout")))
        assert seconds is not None
        assert seconds <= 5


async def test_calls_go_on_while_numbers_are_put_in_order():
    """What holds Python's lock stops the event loop, also from a thread."""
    parts = [pairs_of([(33_100_000_000 + n * 7919 % 10**8, n) for n in range(400_000)])]
    gaps = []
    making = asyncio.get_running_loop().run_in_executor(None, lambda: [NumberIndex(parts) for _ in range(5)])
    begun = before = time.monotonic()
    while not making.done():
        await asyncio.sleep(0.001)
        gaps.append(time.monotonic() - before)
        before = time.monotonic()
    assert len(making.result()[0]) == 400_000
    assert max(gaps) < (before - begun) / 5
