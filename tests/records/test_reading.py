"""Records read back, on each database: what was put into the outbox comes out of the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.places import place_of
from support.recorded_facts import call, other_kinds

from engine.outside.absent import NoAlerts
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.outbox import Entry, Outbox
from engine.records.reading import Wanted, find_calls


@pytest.fixture(params=["sqlite", "mariadb"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    database = place_of(request, tmp_path)()
    await database.upgrade()
    yield database
    await database.close()


async def drained(database: Database, file: Path, *entries: Entry) -> None:
    outbox = Outbox(file)
    await outbox.open()
    drainer = Drainer(outbox, database, NoAlerts())
    await outbox.put(*entries)
    drainer.start()
    await drainer.close()
    assert not await outbox.count()
    await outbox.close()


async def test_what_was_put_is_read_as_it_was(database: Database, tmp_path: Path):
    file = tmp_path / "outbox.db"
    one = call("c", warnings=["première", "\N{GRINNING FACE}"], reason=None)
    other = call("d", started="2026-10-25T02:00:00.000+00:00", cli="anonymous", caller="", agent=None, path=[])
    await drained(database, file, one, other, *other_kinds("1"))
    assert await find_calls(database, file, Wanted()) == [one.body, other.body]
    (found,) = await find_calls(database, file, Wanted(id="c"), offers=True)
    search, offer, *_ = other_kinds("1")
    assert (found["searches"], found["offers"]) == ([search.body], [offer.body])


async def test_thousands_are_chosen_from(database: Database, tmp_path: Path):
    file = tmp_path / "outbox.db"
    calls = [call(f"{n:04}", started=f"2026-10-25T01:{n // 60:02}:{n % 60:02}.000+00:00") for n in range(1_500)]
    await drained(database, file, *calls)
    since = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    until = datetime(2026, 10, 25, 1, 24, tzinfo=UTC)

    async def ids(**wanted: Any) -> list[str]:
        return [found["id"] for found in await find_calls(database, file, Wanted(**wanted))]

    assert await ids(since=since, until=until) == [f"{n:04}" for n in range(600, 1_440)]
    assert await ids(until=until, limit=3) == ["1437", "1438", "1439"]
    assert await ids(cli="+33143670903", agent="201", limit=1) == ["1499"]
    assert await ids(agent="202") == []


async def test_one_that_is_drained_while_it_is_read_is_there_once(database: Database, tmp_path: Path):
    file = tmp_path / "outbox.db"
    outbox = Outbox(file)
    await outbox.open()
    drainer = Drainer(outbox, database, NoAlerts())
    drainer.start()
    seen: set[int] = set()
    for n in range(20):
        await outbox.put(call(str(n)))
        seen.add(n)
        found = await find_calls(database, file, Wanted())
        assert sorted(int(one["id"]) for one in found) == sorted(seen)
        await asyncio.sleep(0.02)
    await drainer.close()
    await outbox.close()
