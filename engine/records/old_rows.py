"""Rows of the database that are kept no longer, some at a time: others write meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.database import Database
from engine.records.retention import Tally
from engine.records.tables import CALLS, KINDS, RECORDINGS, STEPS, slot_of

BATCH = 500
"""Rows in one transaction."""
PAUSE = 0.05
"""Seconds between two of them, in which others have their turn."""
COUNT_SECONDS = 30.0


async def purge_rows(database: Database, before: datetime, *, delete_them: bool) -> list[Tally]:
    """What has happened before that moment: a tally for each table. The path and the recordings of a call go with
    it. Raises DatabaseError; what is deleted by then is."""
    tallies = await database.read(lambda connection: _count(connection, slot_of(before)), COUNT_SECONDS)
    if tallies is None or not delete_them:
        return tallies or []
    return [await _purge(database, table, slot_of(before)) for table in KINDS.values()]


async def _count(connection: AsyncConnection, slot: int) -> list[Tally]:
    """What there is from before a slot."""
    tallies = []
    for table in KINDS.values():
        tally = Tally(table.name, size=None)
        if await connection.run_sync(_is_there, table):
            query = select(func.count(), func.min(_time(table))).where(table.c.slot < slot)
            number, oldest = (await connection.execute(query)).one()
            if number:
                tally.add(oldest.replace(tzinfo=UTC), number=number)
        tallies.append(tally)
    return tallies


async def _purge(database: Database, table: Table, slot: int) -> Tally:
    tally = Tally(table.name, size=None)

    async def some(connection: AsyncConnection) -> list[datetime]:
        query = select(table.c.id, _time(table)).where(table.c.slot < slot).order_by(table.c.slot).limit(BATCH)
        rows = (await connection.execute(query)).all()
        ids = [row[0] for row in rows]
        if ids:
            for part in (STEPS, RECORDINGS) if table is CALLS else ():
                await connection.execute(delete(part).where(part.c.call.in_(ids)))
            await connection.execute(delete(table).where(table.c.id.in_(ids)))
        return [row[1] for row in rows]

    while moments := await database.write(some):
        tally.add(min(moments).replace(tzinfo=UTC), number=len(moments))
        await asyncio.sleep(PAUSE)
    return tally


def _time(table: Table) -> Any:
    """The column of when it began."""
    return next(table.c[name] for name in ("started", "offered", "opened", "since") if name in table.c)


def _is_there(connection: Connection, table: Table) -> bool:
    return inspect(connection).has_table(table.name)
