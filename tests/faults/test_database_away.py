"""The server's own database killed, frozen and restarted, as the parts that use it see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from support.mariadb import MariaDb, mariadb
from support.places import mariadb_place
from support.recorded_facts import call

from engine.errors import DatabaseError
from engine.outside.absent import NoAlerts
from engine.records import drainer as module
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.mariadb import OVERFLOW, POOL
from engine.records.outbox import Outbox
from engine.records.tables import CALLS, STEPS

ONE = text("SELECT 1")


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    """One that may be killed."""
    with mariadb() as server:
        yield server


@pytest.fixture
async def database(server: MariaDb) -> AsyncIterator[Database]:
    database = mariadb_place(server)()
    await database.upgrade()
    yield database
    await database.close()


@asynccontextmanager
async def turning() -> AsyncIterator[list[float]]:
    """How late the event loop was while the body ran: seconds, each ten milliseconds."""
    late: list[float] = []

    async def turn() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - began - 0.01)

    task = asyncio.create_task(turn())
    try:
        yield late
    finally:
        task.cancel()


async def one(database: Database, seconds: float = 5.0) -> int | None:
    return await database.read(lambda connection: connection.scalar(ONE), seconds)


async def test_a_frozen_server_costs_whoever_asks_the_time_that_they_give_it(
    server: MariaDb, database: Database
) -> None:
    assert await one(database) == 1
    tasks = len(asyncio.all_tasks())
    with server.frozen():
        async with turning() as late:
            for _ in range(12):
                began = time.monotonic()
                results = await asyncio.gather(*(one(database, 0.1) for _ in range(10)), return_exceptions=True)
                assert all(isinstance(result, DatabaseError) for result in results)
                assert time.monotonic() - began < 0.5
            await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) <= tasks + POOL + OVERFLOW + 2
        assert max(late) < 0.2
    async with asyncio.timeout(10):
        while (await asyncio.gather(one(database), return_exceptions=True)) != [1]:
            pass
    open_ = await database.read(lambda it: it.scalar(text("SELECT COUNT(*) FROM information_schema.processlist")))
    assert open_ is not None
    assert open_ <= POOL + OVERFLOW + 2


async def test_one_that_was_killed_is_used_again_once_it_is_there(server: MariaDb, database: Database) -> None:
    assert await one(database) == 1
    await asyncio.to_thread(server.kill)
    with pytest.raises(DatabaseError, match=r"Can't connect|Lost connection"):
        await one(database)
    await asyncio.to_thread(server.start)
    assert await one(database) == 1


async def test_one_that_is_not_there_is_no_reason_to_wait(tmp_path: Path) -> None:
    from engine.records.mariadb import MariaDbServer

    database = Database(MariaDbServer(f"mysql://root@localhost/x?unix_socket={tmp_path}/none", None))
    for deed in (database.upgrade(), one(database), database.state()):
        began = time.monotonic()
        with pytest.raises(DatabaseError, match=r"^mysql://localhost/x: Can't connect"):
            await deed
        assert time.monotonic() - began < 1
    await database.close()


async def test_every_record_is_there_once_whatever_becomes_of_the_server(
    server: MariaDb, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some 1,200 records while the server is frozen for a while, killed twice and frozen again."""
    for name, value in (
        ("GATHER_SECONDS", 0.02),
        ("FIRST_PAUSE", 0.05),
        ("LONGEST_PAUSE", 0.4),
        ("STORE_SECONDS", 0.5),
    ):
        monkeypatch.setattr(module, name, value)
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    drainer = Drainer(outbox, database, NoAlerts())
    drainer.start()
    slowest = 0.0
    put = 0
    enough = asyncio.Event()

    async def records() -> None:
        nonlocal slowest, put
        while not enough.is_set():
            began = time.monotonic()
            await outbox.put(call(str(put)))
            put += 1
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.003)

    calls = asyncio.create_task(records())
    for _ in range(2):
        with server.frozen():
            await asyncio.sleep(0.9)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(0.3)
    enough.set()
    await calls
    async with asyncio.timeout(10):
        while await outbox.count():
            await asyncio.sleep(0.05)
    await drainer.close()
    stored = await database.read(lambda it: it.scalar(select(func.count()).select_from(CALLS)))
    steps = await database.read(lambda it: it.scalar(select(func.count()).select_from(STEPS)))
    assert put > 200
    assert (stored, steps) == (put, 2 * put)
    assert slowest < 1
    await outbox.close()


async def test_what_has_waited_long_is_stored_without_holding_up_the_event_loop(
    database: Database, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    for first in range(0, 6_000, 2_000):
        await outbox.put(*(call(str(number)) for number in range(first, first + 2_000)))
    drainer = Drainer(outbox, database, NoAlerts())
    async with turning() as late:
        drainer.start()
        await drainer.close(60)
    assert not await outbox.count()
    assert await database.read(lambda it: it.scalar(select(func.count()).select_from(CALLS))) == 6_000
    # On a machine that has other things to do.
    assert sorted(late)[len(late) * 95 // 100] < 0.06
    await outbox.close()
