"""The server's own database as a SQLite file, shared with the commands that change it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from engine.records.migrations import upgrade

BUSY_SECONDS = 10.0
"""How long SQLite waits for another writer."""


class SqliteFile:
    """See `Backend`. A file that was put in the place of another is another database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    async def identity(self) -> tuple[int, int] | None:
        """Device and inode."""
        return await asyncio.to_thread(_identity, self.path)

    async def make(self) -> None:
        await asyncio.to_thread(_make, self.path)

    def engine(self) -> AsyncEngine:
        url = f"sqlite+aiosqlite:///{_uri(self.path)}"
        engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        _prepare(engine.sync_engine)
        return engine

    def upgrade(self) -> None:
        url = f"sqlite:///{_uri(self.path)}"
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
        _prepare(engine)
        with engine.connect().execution_options(flowctl_write=True) as connection, connection.begin():
            upgrade(connection)

    def is_content(self, error: DBAPIError) -> bool:
        return isinstance(error.orig, sqlite3.InterfaceError)

    def is_away(self, error: DBAPIError) -> bool:
        return False

    def is_changing(self, error: DBAPIError) -> bool:
        return False

    def advice(self, said: str) -> str:
        return next((remedy for part, remedy in _REMEDIES.items() if part in said), "")


def _uri(path: Path) -> str:
    # mode=rw: a file that is gone shall not come back empty.
    return f"file:{quote(str(path.absolute()))}?mode=rw&uri=true"


def _prepare(engine: Engine) -> None:
    def prepare(connection: Any, _: Any) -> None:
        # Python's driver begins transactions when it thinks fit, unless it is told not to.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    def begin(connection: Any) -> None:
        # A lock from the first statement on: who reads first and writes then may find that another has written.
        write = connection.get_execution_options().get("flowctl_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)


def _identity(path: Path) -> tuple[int, int] | None:
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


_DAMAGED = "put a copy of it back, or move it away and run `flowctl apply`"
_REMEDIES = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": "this user may not write to it, or to its folder",
    "unable to open": "this user may not write to it, or to its folder",
    "locked": "another program is writing to it; try again",
}
