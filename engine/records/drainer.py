"""Takes records from the outbox to the database, in batches, whenever the database is there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallError, DatabaseError
from engine.messages import _
from engine.outside.ports import Alerts, Trouble
from engine.records.database import Database, Refused
from engine.records.outbox import Entry, Outbox, Waiting
from engine.records.rows import Row, rows_of
from engine.records.tables import KINDS
from engine.tasks import cancel

log = logging.getLogger("flowctl.records")

BATCH = 100
"""Entries in one transaction. Measured with 20,000 that had waited: with 500 the event loop is late by 160 ms at the
99th centile, with 100 by 4, and neither takes longer."""
CHUNK = 50
"""Rows in one statement, of which the library makes one text in the event loop."""
GATHER_SECONDS = 1.0
"""How long others are waited for when one has come: most of the cost is that of a transaction."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before the database is tried again: doubled each time, and shortened by up to a half so that several
servers do not come at once."""
STORE_SECONDS = 10.0
"""For one batch."""
AWAY_SECONDS = 60.0
"""After so long without the database somebody is told."""
LOOK_SECONDS = 30.0
"""Between two looks whether the database is there while there is nothing to store."""
FLUSH_SECONDS = 5.0
"""For what waits when the server stops."""

_ABOUT = "database"

REFUSED = "refused"
"""Kind of the entries that the database does not take: they stay in the outbox."""


class Drainer:
    """`start` it, and `close` it before outbox and database."""

    def __init__(
        self, outbox: Outbox, database: Database, alerts: Alerts, *, chance: Callable[[], float] = random.random
    ) -> None:
        """chance: from 0 to 1, for the pauses."""
        self._outbox = outbox
        self._database = database
        self._alerts = alerts
        self._chance = chance
        self._stirred = outbox.stirred(KINDS)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._away_since: float | None = None
        self._told = False

    @property
    def away(self) -> float | None:
        """For how many seconds the database has not been there; None when it is."""
        return None if self._away_since is None else asyncio.get_running_loop().time() - self._away_since

    def start(self) -> None:
        """Begin to store."""
        self._task = asyncio.create_task(self._run(), name="record drainer")

    async def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Store what waits, for so many seconds at most: the rest stays in the outbox."""
        self._stopping.set()
        self._stirred.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)
            await cancel(self._task)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._stirred.clear()
            failed = await self._try()
            if self._stopping.is_set():
                return
            if failed is None:
                pause = FIRST_PAUSE
                await self._until_stirred()
            else:
                await self._gone(failed)
                await self._sleep(min(pause * (1 - self._chance() / 2), self._until_told()))
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _try(self) -> str | None:
        """Store everything that waits; why not, or None when nothing waits any more."""
        try:
            while entries := await self._outbox.take(tuple(KINDS), BATCH):
                await self._store(entries)
        except (DatabaseError, sqlite3.Error, OSError) as error:
            return str(error)
        except Exception as error:
            log.exception("records: they stay in the outbox")
            return repr(error)
        return None

    async def _store(self, entries: Sequence[Waiting]) -> None:
        try:
            rows = await asyncio.to_thread(_by_table, entries)
            await self._database.write(partial(_insert, rows), STORE_SECONDS)
        except Refused as error:
            if len(entries) == 1:
                await self._put_aside(entries[0], str(error))
            else:
                # One that is refused keeps no other from being stored: the halves, and their halves.
                middle = len(entries) // 2
                await self._store(entries[:middle])
                await self._store(entries[middle:])
            return
        await self._back()
        await self._outbox.done(entries)

    async def _put_aside(self, entry: Waiting, error: str) -> None:
        log.error("%s %s is refused by the database, and kept in the outbox: %s", entry.kind, entry.id, error)
        body = {"kind": entry.kind, "id": entry.id, "error": error, "body": entry.body}
        await self._outbox.put(Entry(REFUSED, f"{entry.kind} {entry.id}", body))
        await self._outbox.done([entry])
        subject = _("a record is refused by the database")
        await self._tell(Trouble((), subject, f"{entry.kind} {entry.id}: {error}"))

    async def _gone(self, error: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._away_since is None:
            self._away_since = now
            log.error("the database is away, and records wait in the outbox: %s", error)
        elif not self._told and now >= self._away_since + AWAY_SECONDS:
            self._told = True
            said = _("Records wait in the outbox: {reason}").format(reason=error)
            await self._tell(Trouble((), _("the database is away"), said, about=_ABOUT))

    async def _back(self) -> None:
        if (away := self.away) is None:
            return
        self._away_since = None
        log.warning("the database is back after %.0f s", away)
        if self._told:
            self._told = False
            said = _("It was away for {seconds} s; nothing was lost.").format(seconds=f"{away:.0f}")
            await self._tell(Trouble((), _("the database is back"), said, about=_ABOUT, over=True))

    def _until_told(self) -> float:
        """Seconds; the pause ends then, so that what is told is still true."""
        if self._told or (away := self.away) is None:
            return LONGEST_PAUSE
        return max(0.0, AWAY_SECONDS - away)

    async def _until_stirred(self) -> None:
        """Until something is to be stored, or was long enough ago to look whether the database is there."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), LOOK_SECONDS)
            await self._sleep(GATHER_SECONDS)
            return
        try:
            await self._database.state()
        except DatabaseError as error:
            await self._gone(str(error))
        else:
            await self._back()

    async def _sleep(self, seconds: float) -> None:
        """Or until we are to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _tell(self, trouble: Trouble) -> None:
        try:
            await self._alerts.raise_alert(trouble)
        except CallError as error:
            log.error("the alert that %s was not sent: %s", trouble.subject, error)


def _by_table(entries: Sequence[Waiting]) -> dict[Table, list[Row]]:
    """The rows of entries. Raises Refused. For a thread: those of many entries take a while."""
    found: dict[Table, list[Row]] = {}
    for entry in entries:
        try:
            for table, row in rows_of(entry):
                found.setdefault(table, []).append(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refused(f"not a {entry.kind}: {error!r}") from None
    return found


async def _insert(rows: Mapping[Table, Sequence[Row]], connection: AsyncConnection) -> None:
    """Those that are there already stay as they are."""
    for table, its_rows in rows.items():
        for start in range(0, len(its_rows), CHUNK):
            await connection.execute(_new_rows(table, connection.dialect.name), its_rows[start : start + CHUNK])


@cache
def _new_rows(table: Table, dialect: str) -> Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    # Not INSERT IGNORE, by which values that do not fit become others without a word.
    key = next(iter(table.primary_key.columns))
    return mysql.insert(table).on_duplicate_key_update({key.name: key})
