"""The server's own database: a SQLite file in the data folder, or MariaDB or MySQL, shared with other programs.

Every wait is bounded; what is given up goes on in the background, as a frozen disk answers to no cancellation. Tables
are brought up to date by whoever is the first to write; who reads leaves them as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.errors import DatabaseError
from engine.records.migrations import REVISIONS, State, state_of
from engine.records.sqlite import SqliteFile

FILE = "flowctl.db"
"""Below the server's data folder."""

READ_SECONDS = 5.0
WRITE_SECONDS = 30.0
UPGRADE_SECONDS = 60.0
CLOSE_SECONDS = 5.0

log = logging.getLogger("flowctl.records")

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

# Each question that is given up closes a connection badly, and whoever asked says so already.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


class Refused(DatabaseError):
    """The database works, and does not take what it was given."""


class Away(DatabaseError):
    """The database does not answer; it may, later."""


class Backend(Protocol):
    """What differs between databases. Each need not be there yet."""

    @property
    def name(self) -> str:
        """What messages call it; no password in it."""
        ...

    async def identity(self) -> Hashable | None:
        """Tells it from another one in its place; None when there is none. Raises OSError."""
        ...

    async def make(self) -> None:
        """Make it, empty, where there is none and where that is ours to do. Raises OSError, sqlite3.Error."""
        ...

    def engine(self) -> AsyncEngine:
        """A new engine, which connects when it is first used. Transactions on a connection with the option
        `flowctl_write` are for writing."""
        ...

    def upgrade(self) -> None:
        """Bring its tables up to date, while nobody else does. Blocking, bounded. Raises SQLAlchemyError, OSError,
        DatabaseError."""
        ...

    def is_content(self, error: DBAPIError) -> bool:
        """True for an error of the values, not of the database, whose class does not tell: with the same values it
        would come again."""
        ...

    def is_away(self, error: DBAPIError) -> bool:
        """True when there is nobody who answers."""
        ...

    def is_changing(self, error: DBAPIError) -> bool:
        """True when somebody is changing the tables in this moment."""
        ...

    def advice(self, said: str) -> str:
        """What to do about what the database says; empty when nothing is known."""
        ...


class Database:
    """Connects when it is first asked. A file that was put in the place of another is noticed."""

    def __init__(self, where: Path | Backend) -> None:
        """where: a path is that of a SQLite file."""
        self._backend: Backend = SqliteFile(where) if isinstance(where, Path) else where
        self._engine: AsyncEngine | None = None
        self._connected_to: Hashable | None = None
        """Identity of the database that the engine is for."""
        self._current = False
        """The tables were up to date when they were last looked at, and nothing has failed since."""
        self._given_up: set[asyncio.Task[Any]] = set()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._backend.name

    async def read(self, work: Work[T], seconds: float = READ_SECONDS) -> T | None:
        """What `work` finds in one transaction, within so many seconds; None when there is no database yet. Raises
        DatabaseError."""
        return await self._bounded(self._read(work), seconds)

    async def write(self, work: Work[T], seconds: float = WRITE_SECONDS) -> T:
        """Do `work` in one transaction, wholly or not at all; makes the database where there is none.
        Raises DatabaseError; Refused for what would fail again."""
        return await self._bounded(self._write(work), seconds)

    async def upgrade(self, *, make: bool = True) -> None:
        """Bring the tables up to date now. make: also where there are none yet. Raises DatabaseError."""
        # A server that is frozen costs no more than this.
        await self.state()
        await self._bounded(self._upgrade(make=make), UPGRADE_SECONDS)

    async def state(self) -> State:
        """How the tables stand to this program. Raises DatabaseError."""
        return await self._bounded(self._state(), READ_SECONDS)

    async def close(self) -> None:
        """Close every connection, a few seconds at most."""
        if self._given_up:
            await asyncio.wait(self._given_up, timeout=CLOSE_SECONDS)
        if self._engine is not None:
            with contextlib.suppress(TimeoutError, SQLAlchemyError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._engine.dispose()
            self._engine = None

    async def _read(self, work: Work[T]) -> T | None:
        engine = await self._connected()
        if not self._current:
            state = await self._state()
            if state == "behind":
                raise DatabaseError(
                    f"{self.name}: its tables are those of an earlier version: start the server, or run "
                    "`flowctl database upgrade`"
                )
            if state == "none":
                return None
            self._require_known(state)
            self._current = True
        async with self._transaction(engine, write=False) as connection:
            return await work(connection)

    async def _write(self, work: Work[T]) -> T:
        await self._backend.make()
        engine = await self._connected()
        if not self._current:
            await self._upgrade(make=True)
        async with self._transaction(engine, write=True) as connection:
            return await work(connection)

    async def _upgrade(self, *, make: bool) -> None:
        if make:
            await self._backend.make()
        state = await self._state()
        self._require_known(state)
        if state == "behind" or (make and state == "none"):
            await asyncio.to_thread(self._backend.upgrade)
            log.info("%s: its tables are of version %s now", self.name, REVISIONS[-1])
            state = await self._state()
        self._current = state == "current"

    async def _state(self) -> State:
        engine = await self._connected()
        if self._connected_to is None:
            return "none"
        try:
            async with self._transaction(engine, write=False) as connection:
                return await connection.run_sync(state_of)
        except DBAPIError as error:
            if not self._backend.is_changing(error):
                raise
            # Another server is at it: who wants to do the same waits for it.
            return "behind"

    def _require_known(self, state: State) -> None:
        if state == "newer":
            raise DatabaseError(f"{self.name}: its tables are those of a later version: update flowctl")

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine, *, write: bool) -> AsyncIterator[AsyncConnection]:
        async with engine.connect() as connection:
            await connection.execution_options(flowctl_write=write)
            async with connection.begin():
                yield connection

    async def _connected(self) -> AsyncEngine:
        identity = await self._backend.identity()
        if self._engine is not None and identity == self._connected_to:
            return self._engine
        # Nothing is awaited before the new one is in place: others may be here, too.
        engine, before = self._backend.engine(), self._engine
        self._engine, self._connected_to, self._current = engine, identity, False
        if before is not None:
            await before.dispose()
        return engine

    async def _bounded(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        task = asyncio.create_task(work, name=f"database {self.name}")
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if not task.done():
                task.cancel()
                self._given_up.add(task)
                task.add_done_callback(self._forget)
        if not task.done():
            self._current = False
            raise Away(f"{self.name}: no answer within {seconds:g} s")
        try:
            return task.result()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            # Somebody may have put other tables there.
            self._current = False
            raise self._kind(error)(f"{self.name}: {self._said(error)}") from None

    def _said(self, error: Exception) -> str:
        """What the database or the disk says, and what may be done."""
        if isinstance(error, OSError):
            return error.strerror or str(error)
        said: object = error
        if isinstance(error, StatementError) and error.orig is not None:
            said = error.orig.args[-1] if error.orig.args else error.orig
        text = " ".join(str(said).split("\n", 1)[0].split())
        cause = getattr(getattr(error, "orig", None), "__cause__", None)
        if isinstance(cause, OSError):
            # Why a database could not be connected to: refused, no such host, a wrong certificate.
            text = f"{text} ({cause.strerror or cause})"
        advice = self._backend.advice(text)
        return f"{text}: {advice}" if advice else text

    def _kind(self, error: Exception) -> type[DatabaseError]:
        if isinstance(error, DBAPIError):
            if isinstance(error, DataError | IntegrityError) or self._backend.is_content(error):
                return Refused
            return Away if self._backend.is_away(error) else DatabaseError
        # Values that cannot even be handed over.
        return Refused if isinstance(error, StatementError) else DatabaseError

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            task.exception()
