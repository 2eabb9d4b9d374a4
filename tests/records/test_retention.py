"""What is kept no longer goes, all of it, and nothing else does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from support.places import Place

from engine.records import old_rows
from engine.records.database import Database
from engine.records.old_rows import purge_rows
from engine.records.retention import begin_of, purge_logs, purge_recordings
from engine.records.tables import KINDS, RECORDINGS, SEARCHES, STEPS, slot_of, stored

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2027, 7, 13, 12, tzinfo=UTC)


def made(path: Path, moment: datetime, content: str = "12345") -> Path:
    """A file of that moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (moment.timestamp(),) * 2)
    return path


def recording(data: Path, box: str, moment: datetime, *, written: datetime | None = None, end: str = ".wav") -> Path:
    return made(data / "recordings" / box / f"{moment:%Y%m%dT%H%M%S%f}-abc{end}", written or moment)


@pytest.mark.parametrize(
    ("today", "days", "zone", "begin"),
    [
        (date(2027, 7, 13), 180, "Europe/Paris", "2027-01-13T23:00:00+00:00"),
        (date(2027, 3, 29), 1, "Europe/Paris", "2027-03-27T23:00:00+00:00"),
        (date(2027, 11, 1), 1, "Europe/Paris", "2027-10-30T22:00:00+00:00"),
        (date(2027, 1, 1), 365, "Asia/Kolkata", "2025-12-31T18:30:00+00:00"),
    ],
)
def test_what_is_kept_begins_at_a_midnight_of_the_zone(today, days, zone, begin):
    assert begin_of(today, days, ZoneInfo(zone)).isoformat() == begin


# Files


def test_logs_go_by_the_day_in_their_names(tmp_path: Path):
    for name in ("11072027.log", "12072027.log", "13072027.log", "31022027.log", "11072027.log.gz", "notes.txt"):
        made(tmp_path / name, NOON)
    (tmp_path / "10072027.log").mkdir()
    told = purge_logs(tmp_path, date(2027, 7, 13), PARIS, delete=False)
    assert (told.number, told.size, told.oldest) == (2, 10, datetime(2027, 7, 10, 22, tzinfo=UTC))
    assert len(list(tmp_path.iterdir())) == 7
    assert purge_logs(tmp_path, date(2027, 7, 13), PARIS, delete=True) == told
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"10072027.log", "13072027.log", "31022027.log", "11072027.log.gz", "notes.txt"}


def test_recordings_and_messages_go_by_the_moment_in_their_names(tmp_path: Path):
    old, new = NOON - timedelta(seconds=1), NOON
    gone = [recording(tmp_path, box, old) for box in ("calls", "conversations")]
    message = recording(tmp_path, "office", old)
    facts = made(message.with_suffix(".json"), NOON + timedelta(days=9), "1234567")
    kept = [
        recording(tmp_path, "calls", new),
        recording(tmp_path, "calls", old - timedelta(days=1), written=new),
        recording(tmp_path, "calls", old, end=".wav.part"),
        made(tmp_path / "recordings" / "calls" / "notes.txt", old),
        made(tmp_path / "recordings" / "stray.wav", old),
        made(tmp_path / "flowctl.db", old),
    ]
    assert purge_recordings(tmp_path, NOON, messages=False, delete=False).number == 2
    assert all(path.exists() for path in gone)
    tally = purge_recordings(tmp_path, NOON, messages=False, delete=True)
    assert (tally.kind, tally.number, tally.size, tally.oldest) == ("recordings", 2, 10, old)
    assert not any(path.exists() for path in gone)
    assert message.exists()
    tally = purge_recordings(tmp_path, NOON, messages=True, delete=True)
    assert (tally.kind, tally.number, tally.size) == ("messages", 1, 12)
    assert not message.exists() and not facts.exists()
    assert all(path.exists() for path in kept)


def test_nothing_goes_that_a_link_leads_to(tmp_path: Path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    old = NOON - timedelta(days=1)
    outside = [recording(elsewhere, "calls", old), made(elsewhere / "01012027.log", old)]
    (data / "recordings").mkdir(parents=True)
    (data / "recordings" / "calls").symlink_to(elsewhere / "recordings" / "calls")
    (data / "recordings" / "conversations").mkdir()
    (data / "recordings" / "conversations" / outside[0].name).symlink_to(outside[0])
    (data / "Logs").symlink_to(elsewhere)
    assert purge_recordings(data, NOON, messages=False, delete=True).number == 0
    told = purge_logs(data / "Logs", date(2027, 7, 13), PARIS, delete=True)
    assert (told.number, len(told.failed), "it is a link" in told.failed[0]) == (0, 1, True)
    (data / "recordings").rename(data / "other")
    (data / "recordings").symlink_to(elsewhere / "recordings")
    assert purge_recordings(data, NOON, messages=False, delete=True).number == 0
    assert all(path.exists() for path in outside)


def test_what_cannot_be_deleted_is_told_and_keeps_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = (recording(tmp_path, "calls", NOON - timedelta(hours=hours)) for hours in (2, 1))
    unlink = os.unlink

    def refuse(name: str, **options: Any) -> None:
        if name == first.name:
            raise PermissionError(1, "Operation not permitted")
        unlink(name, **options)

    monkeypatch.setattr("engine.records.retention.os.unlink", refuse)
    tally = purge_recordings(tmp_path, NOON, messages=False, delete=True)
    assert (tally.number, tally.failed) == (1, [f"{first}: Operation not permitted"])
    assert not second.exists()


def test_where_there_is_nothing_nothing_is_wrong(tmp_path: Path):
    assert purge_logs(tmp_path / "Logs", date(2027, 7, 13), PARIS, delete=True).failed == []
    assert purge_recordings(tmp_path, NOON, messages=True, delete=True).failed == []


# Rows


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    database = place()
    yield database
    await database.close()


FILL = {
    "server": "main", "direction": "in", "did": "32", "cli": "", "caller": "", "channel": "", "scenario": "s",
    "version": "1", "duration": 1.0, "keys": "", "result": "ended", "warnings": "[]", "call": "c", "node": "n",
    "centre": "x", "method": "broadcast", "waited": 1.0, "outcome": "x", "search": "", "agent": "201",
    "manner": "all", "ended": 1.0, "extension": "", "ending": "lost", "state": "free", "reason": "",
}  # fmt: skip


async def fill(database: Database, moments: dict[str, datetime]) -> None:
    """A row of each table for each id and moment; calls have a path and a recording."""

    async def work(connection: AsyncConnection) -> None:
        for table in KINDS.values():
            time = next(name for name in ("started", "offered", "opened", "since") if name in table.c)
            rows = [
                {column.name: FILL.get(column.name) for column in table.c}
                | {"id": identity, time: stored(moment), "slot": slot_of(moment)}
                for identity, moment in moments.items()
            ]
            await connection.execute(insert(table), rows)
        step = {"position": 0, "node": "n", "type": "play", "outcome": None, "at": 0.0}
        await connection.execute(insert(STEPS), [{"call": identity, **step} for identity in moments])
        part = {"position": 0, "kind": "call", "file": "f", "duration": 1.0, "details": "{}"}
        await connection.execute(insert(RECORDINGS), [{"call": identity, **part} for identity in moments])

    await database.write(work)


async def ids(database: Database) -> dict[str, set[str]]:
    """What is left, by table."""

    async def work(connection: AsyncConnection) -> dict[str, set[str]]:
        found = {}
        for table in (*KINDS.values(), STEPS, RECORDINGS):
            column = table.c.id if "id" in table.c else table.c.call
            found[table.name] = set((await connection.execute(select(column))).scalars())
        return found

    return await database.read(work) or {}


async def test_rows_of_before_go_with_what_belongs_to_them(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(old_rows, "BATCH", 7)
    monkeypatch.setattr(old_rows, "PAUSE", 0)
    before = begin_of(date(2027, 7, 13), 30, PARIS)
    old = {f"old{n}": before - timedelta(hours=n, seconds=1) for n in range(20)}
    new = {f"new{n}": before + timedelta(hours=n) for n in range(20)}
    await fill(database, old | new)
    told = await purge_rows(database, before, delete_them=False)
    oldest = min(old.values()).replace(microsecond=0)
    assert [(tally.kind, tally.number, tally.size, tally.oldest) for tally in told] == [
        (table.name, 20, None, oldest) for table in KINDS.values()
    ]
    assert await ids(database) == {name: {*old, *new} for name in await ids(database)}
    assert await purge_rows(database, before, delete_them=True) == told
    assert await ids(database) == {name: set(new) for name in await ids(database)}
    assert [tally.number for tally in await purge_rows(database, before, delete_them=True)] == [0] * len(KINDS)


async def test_two_may_purge_at_once_while_others_write(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(old_rows, "BATCH", 10)
    one, two = place(), place()
    old = {f"old{n}": NOON - timedelta(minutes=n + 15) for n in range(100)}
    await fill(one, old)
    work = (
        purge_rows(one, NOON, delete_them=True),
        purge_rows(two, NOON, delete_them=True),
        fill(two, {"new": NOON}),
    )
    await asyncio.gather(*work)
    assert await ids(one) == {name: {"new"} for name in await ids(one)}
    await one.close()
    await two.close()


async def test_where_there_is_no_database_none_is_made(tmp_path: Path):
    database = Database(tmp_path / "flowctl.db")
    assert await purge_rows(database, NOON, delete_them=True) == []
    await database.close()
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def test_others_have_their_turn(tmp_path: Path):
    """10,000 rows: nobody who writes meanwhile waits for long."""
    database = Database(tmp_path / "flowctl.db")
    await fill(database, {f"old{n}": NOON - timedelta(minutes=15 + n) for n in range(2000)})
    purging = asyncio.create_task(purge_rows(database, NOON, delete_them=True))
    loop, longest = asyncio.get_running_loop(), 0.0
    while not purging.done():
        begun = loop.time()
        await database.write(lambda connection: connection.execute(select(func.count()).select_from(SEARCHES)))
        longest = max(longest, loop.time() - begun)
        await asyncio.sleep(0.01)
    assert sum(tally.number for tally in await purging) == 10_000
    assert longest < 1.0
    await database.close()
