"""The server's own database: a SQLite file in the data folder, shared with the commands that change it.

Every wait is bounded; what is given up goes on in the background, as a frozen disk answers to no cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import DatabaseError

FILE = "flowctl.db"
"""Below the server's data folder."""

READ_SECONDS = 5.0
WRITE_SECONDS = 30.0
BUSY_SECONDS = 10.0
"""How long SQLite waits for another writer."""
CLOSE_SECONDS = 5.0

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]


class Database:
    """Connects when it is first asked. A file that was put in the place of another is noticed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: AsyncEngine | None = None
        self._file: tuple[int, int] | None = None
        """Device and inode of the file that the engine has open."""
        self._given_up: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[T]) -> T | None:
        """What `work` finds in one transaction; None when there is no database yet. Raises DatabaseError."""
        return await self._bounded(self._read(work), READ_SECONDS)

    async def write(self, work: Work[T]) -> T:
        """Do `work` in one transaction, wholly or not at all; makes the database where there is none.
        Raises DatabaseError."""
        return await self._bounded(self._write(work), WRITE_SECONDS)

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
        if await asyncio.to_thread(_identity, self.path) is None:
            return None
        async with self._transaction("BEGIN") as connection:
            return await work(connection)

    async def _write(self, work: Work[T]) -> T:
        await asyncio.to_thread(_make, self.path)
        # A lock from the first statement on: who reads first and writes then may find that another has written.
        async with self._transaction("BEGIN IMMEDIATE") as connection:
            return await work(connection)

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[AsyncConnection]:
        engine = await self._connected()
        async with engine.connect() as connection:
            await connection.execution_options(flowctl_begin=begin)
            async with connection.begin():
                yield connection

    async def _connected(self) -> AsyncEngine:
        file = await asyncio.to_thread(_identity, self.path)
        if self._engine is not None and file == self._file:
            return self._engine
        if self._engine is not None:
            await self._engine.dispose()
        self._engine, self._file = _engine(self.path), file
        return self._engine

    async def _bounded(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        task = asyncio.create_task(work, name=f"database {self.path.name}")
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if not task.done():
                task.cancel()
                self._given_up.add(task)
                task.add_done_callback(self._forget)
        if not task.done():
            raise DatabaseError(f"{self.path}: no answer within {seconds:g} s")
        try:
            return task.result()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise DatabaseError(f"{self.path}: {_said(error)}") from None

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            task.exception()


def _engine(path: Path) -> AsyncEngine:
    # mode=rw: a file that is gone shall not come back empty.
    url = f"sqlite+aiosqlite:///file:{quote(str(path.absolute()))}?mode=rw&uri=true"
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    def prepare(connection: Any, _: Any) -> None:
        # Python's driver begins transactions when it thinks fit, unless it is told not to.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("flowctl_begin", "BEGIN"))

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from another one that has its name; None when there is none. Blocking; raises OSError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _make(path: Path) -> None:
    """An empty database that nobody else may read, unless there is one. Blocking; raises OSError, sqlite3.Error."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(descriptor)
    try:
        with contextlib.closing(sqlite3.connect(part)) as connection:
            # Who writes keeps nobody from reading. It is written into the file, and holds from then on.
            connection.execute("PRAGMA journal_mode = WAL")
        if os.geteuid() == 0:
            # The server may run as the one whose folder it is.
            owner = path.parent.stat()
            os.chown(part, owner.st_uid, owner.st_gid)
        with contextlib.suppress(FileExistsError):
            # Another command may be as far as we are: the first one's is the database.
            os.link(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _said(error: Exception) -> str:
    """What the database or the disk says, and what may be done."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    said = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        said = error.orig.args[-1] if error.orig.args else error.orig
    text = " ".join(str(said).split("\n", 1)[0].split())
    for part, remedy in _REMEDIES.items():
        if part in text:
            return f"{text}: {remedy}"
    return text


_DAMAGED = "put a copy of it back, or move it away and run `flowctl apply`"
_REMEDIES = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": "this user may not write to it, or to its folder",
    "unable to open": "this user may not write to it, or to its folder",
    "locked": "another program is writing to it; try again",
}
