"""From the outbox to the database: everything, once, whatever becomes of the database meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select, text
from support.places import Place
from support.recorded_facts import call, other_kinds

from engine.errors import DatabaseError
from engine.outside.ports import Mail
from engine.records import drainer as module
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.outbox import Entry, Outbox
from engine.records.tables import CALLS, KINDS, RECORDINGS, STEPS


class Told:
    """Alerts that are only noted."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    async def raise_alert(self, mail: Mail) -> None:
        self.subjects.append(mail.subject)


class Away:
    """A database that is there, or says nothing but errors."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False
        self.tries = 0

    async def write(self, work: Any, seconds: float) -> Any:
        self.tries += 1
        if self.away:
            raise DatabaseError("db: gone")
        return await self._database.write(work, seconds)

    async def state(self) -> Any:
        if self.away:
            raise DatabaseError("db: gone")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.01)


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place()
    yield database
    await database.close()


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    yield outbox
    await outbox.close()


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def emptied(outbox: Outbox) -> None:
    async with asyncio.timeout(10):
        while (await outbox.count()).keys() & KINDS.keys():
            await asyncio.sleep(0.005)


async def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    found = await database.read(lambda it: it.execute(select(table).order_by(*table.primary_key.columns)))
    assert found is not None
    return [dict(row) for row in found.mappings()]


async def count(database: Database, table: Table = CALLS) -> int | None:
    return await database.read(lambda it: it.scalar(select(func.count()).select_from(table)))


async def test_each_kind_is_in_its_table(outbox: Outbox, database: Database) -> None:
    drainer = Drainer(outbox, database, Told())
    drainer.start()
    await outbox.put(call("a"), *other_kinds("x"))
    await emptied(outbox)
    (stored,) = await rows(database, CALLS)
    assert stored == {
        "id": "a", "server": "main", "direction": "in", "did": "32", "cli": "0143670903", "caller": "+33143670903",
        "channel": "sip/1", "scenario": "reception", "version": "1",
        "started": datetime.fromisoformat("2026-10-25T00:59:59.123"),
        "slot": 1_792_889_999 // 900, "answered": 0.5, "duration": 12.345, "keys": "1x", "result": "ended",
        "reason": None, "agent": "201", "transferred_to": None, "warnings": '["a warning"]',
    }  # fmt: skip
    assert [(step["node"], step["outcome"], step["at"]) for step in await rows(database, STEPS)] == [
        ("welcome", "done", 0.0),
        ("menu", None, 3.25),
    ]
    (recording,) = await rows(database, RECORDINGS)
    assert (recording["file"], recording["details"]) == ("/x/1.wav", '{"mailbox":"32"}')
    for kind, table in KINDS.items():
        if kind != "call":
            (row,) = await rows(database, table)
            (entry,) = [entry for entry in other_kinds("x") if entry.kind == kind]
            assert {name: value for name, value in row.items() if isinstance(value, str | float)} == {
                name: value for name, value in entry.body.items() if "+00:00" not in str(value)
            }
    await drainer.close()


async def test_what_was_stored_and_comes_again_is_there_once(outbox: Outbox, database: Database) -> None:
    """So it does when we are killed between the database's commit and the outbox's."""
    drainer = Drainer(outbox, database, Told())
    drainer.start()
    for keys in ("1", "2"):
        await outbox.put(*(call(str(number), keys=keys) for number in range(20)), *other_kinds("x"))
        await emptied(outbox)
    assert {row["keys"] for row in await rows(database, CALLS)} == {"1"}
    assert [await count(database, table) for table in KINDS.values()] == [20, 1, 1, 1, 1]
    assert await count(database, STEPS) == 40
    await drainer.close()


async def test_a_database_that_is_away_loses_nothing_and_is_told_once(
    outbox: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (("FIRST_PAUSE", 0.01), ("LONGEST_PAUSE", 0.04), ("AWAY_SECONDS", 0.1)):
        monkeypatch.setattr(module, name, value)
    away, told = Away(database), Told()
    away.away = True
    drainer = Drainer(outbox, away, told)  # type: ignore[arg-type]
    drainer.start()
    await outbox.put(*(call(str(number)) for number in range(7)))
    await until(lambda: told.subjects)
    assert (drainer.away or 0) >= 0.1
    tries = away.tries
    await until(lambda: away.tries > tries + 2)
    away.away = False
    await emptied(outbox)
    assert await count(database) == 7
    assert told.subjects == ["the database is away", "the database is back"]
    assert drainer.away is None
    assert caplog.text.count("the database is away") == caplog.text.count("the database is back") == 1
    await drainer.close()


async def test_a_database_that_is_away_for_a_moment_is_no_alert(outbox: Outbox, database: Database) -> None:
    away, told = Away(database), Told()
    away.away = True
    drainer = Drainer(outbox, away, told, chance=lambda: 1.0)  # type: ignore[arg-type]
    drainer.start()
    await outbox.put(call("a"))
    await until(lambda: away.tries)
    away.away = False
    await emptied(outbox)
    assert (told.subjects, away.tries) == ([], 2)
    await drainer.close()


async def test_a_database_that_is_away_is_noticed_while_nothing_is_to_be_stored(
    outbox: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    away = Away(database)
    drainer = Drainer(outbox, away, Told())  # type: ignore[arg-type]
    drainer.start()
    away.away = True
    await until(lambda: drainer.away is not None)
    away.away = False
    await until(lambda: drainer.away is None)
    await drainer.close()


async def test_pauses_double_up_to_the_longest(
    outbox: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def no_sleep(_: Drainer, seconds: float) -> None:
        pauses.append(seconds)
        away.away = len(pauses) < 9
        await asyncio.sleep(0)

    monkeypatch.setattr(Drainer, "_sleep", no_sleep)
    away = Away(database)
    away.away = True
    drainer = Drainer(outbox, away, Told(), chance=lambda: 0.5)  # type: ignore[arg-type]
    await outbox.put(call("a"))
    drainer.start()
    await emptied(outbox)
    assert pauses[:7] == [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5]
    await drainer.close()


LONG = "\N{GRINNING FACE}" * 70_000


async def test_texts_of_any_length_and_kind_are_stored(outbox: Outbox, database: Database) -> None:
    drainer = Drainer(outbox, database, Told())
    drainer.start()
    await outbox.put(
        call(LONG, did=LONG, keys=LONG, reason=LONG, warnings=[LONG, *"x" * 2_000], path=[], recordings=[]),
        call(LONG + "2", cli="\udcff\0'\"\\", agent="", scenario="é" * 300, path=[], recordings=[]),
    )
    await emptied(outbox)
    first, second = sorted(await rows(database, CALLS), key=lambda row: len(row["did"]), reverse=True)
    assert (len(first["id"]), len(first["did"]), len(first["keys"])) == (64, 255, 16_000)
    assert first["id"] != second["id"]
    assert (second["cli"], second["scenario"]) == ("?\ufffd'\"\\", "é" * 255)
    await drainer.close()


SPOILT = [
    Entry("call", "s0", {"id": "s0"}),
    call("s1", started="yesterday"),
    call("s2", path="nowhere"),
    call("s3", did=None),
    call("s4", duration={"seconds": 3}),
    call("s5", duration=float("nan")),
    call("s6", path=[{"node": "n", "type": "t", "outcome": None, "at": None}]),
    call("s7", recordings=[{"kind": "k", "file": "f"}]),
]


async def test_those_that_are_refused_are_kept_and_keep_no_other(
    outbox: Outbox, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    drainer = Drainer(outbox, database, told)
    for number, spoilt in enumerate(SPOILT):
        await outbox.put(call(f"{number}a"), spoilt, call(f"{number}b"))
    drainer.start()
    await emptied(outbox)
    assert await count(database) == 2 * len(SPOILT)
    kept = {entry.body["id"]: entry.body for entry in await outbox.take(["refused"], 99)}
    assert json.dumps([kept[spoilt.id]["body"] for spoilt in SPOILT]) == json.dumps([it.body for it in SPOILT])
    for spoilt in SPOILT:
        assert f"call {spoilt.id} is refused by the database, and kept in the outbox" in caplog.text
    assert told.subjects == ["a record is refused by the database"] * len(SPOILT)
    await drainer.close()


async def test_what_only_the_database_refuses_is_found_among_the_others(outbox: Outbox, database: Database) -> None:
    await database.upgrade()
    await database.write(lambda it: it.execute(text("DROP TABLE recordings")))
    strict = (
        "CREATE TABLE recordings (`call` VARCHAR(64), position INTEGER, kind VARCHAR(9), file VARCHAR(99), "
        "duration DOUBLE CHECK (duration < 5), details TEXT, PRIMARY KEY (`call`, position))"
    )
    await database.write(lambda it: it.execute(text(strict)))
    drainer = Drainer(outbox, database, Told())
    recording = {"kind": "voicemail", "file": "/x", "duration": 6.0}
    await outbox.put(*(call(str(number), recordings=[recording] if number == 7 else []) for number in range(20)))
    drainer.start()
    await emptied(outbox)
    assert (await count(database), await count(database, STEPS)) == (19, 38)
    assert [entry.body["id"] for entry in await outbox.take(["refused"], 9)] == ["7"]
    await drainer.close()


async def test_what_waits_is_stored_when_the_server_stops(
    outbox: Outbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 60.0)
    drainer = Drainer(outbox, database, Told())
    drainer.start()
    await asyncio.sleep(0)
    await outbox.put(*(call(str(number)) for number in range(1_200)))
    await drainer.close()
    assert await outbox.count() == {}
    assert await count(database) == 1_200


async def test_a_database_that_is_away_keeps_no_server_from_stopping(outbox: Outbox, database: Database) -> None:
    away = Away(database)
    away.away = True
    drainer = Drainer(outbox, away, Told())  # type: ignore[arg-type]
    drainer.start()
    await outbox.put(call("a"))
    await until(lambda: away.tries)
    async with asyncio.timeout(1):
        await drainer.close()
    assert (await outbox.count(), away.tries) == ({"call": 1}, 2)
