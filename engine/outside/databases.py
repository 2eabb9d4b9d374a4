"""Databases through SQLAlchemy: SQLite files, MariaDB and MySQL.

A connection reads only, and every wait is bounded: a call whose time is over goes on at once, and what it asked for
is given up in the background.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnClause, bindparam, column, event, select, table, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable, quoted_name

from engine import mysql
from engine.errors import CallError, ConfigurationError
from engine.outside.ports import ByColumns, Query

POOL = 5
"""Connections that are kept open to each database."""
OVERFLOW = 10
"""Connections beyond them that are closed after use."""
RECYCLE_SECONDS = 600
"""A connection older than this is replaced: servers close the idle ones."""
CLOSE_SECONDS = 5.0
SQLITE_STEPS = 10_000
"""Instructions of SQLite between two looks at whether anybody still waits: about a millisecond."""

_LITERAL = re.compile(r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`[^`]*`""", re.DOTALL)
_SECOND = re.compile(r";\s*\S")

# Every question that is given up closes a connection badly, and the call says so already.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

# One row is all that a look-up needs; a query that nobody waits for any longer shall end by itself.
_SESSION = {
    "sqlite": ("PRAGMA query_only = ON",),
    "mysql": (
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION sql_select_limit = 1 /*M!100100 , max_statement_time = 60 */",
    ),
}


class SqlDatabases:
    """`Databases` by name, each with its pool. Connects when it is first asked."""

    def __init__(self, urls: Mapping[str, str], passwords: Mapping[str, str], folder: Path) -> None:
        """urls: name → SQLAlchemy URL without a password; passwords: name → password; folder: where the paths of
        SQLite files begin. Raises ConfigurationError for a URL that cannot be."""
        self._engines = {name: _engine(name, url, passwords.get(name), folder) for name, url in urls.items()}
        self._given_up: set[asyncio.Task[Any]] = set()

    async def row(self, source: str, query: Query, timeout: float) -> Mapping[str, Any] | None:
        """See `Databases.row`."""
        engine = self._engines.get(source)
        if engine is None:
            raise CallError(f"no database is called {source!r}: name it in the setting databases")
        over = threading.Event()
        asking = asyncio.create_task(_ask(engine, query, over), name=f"look-up in {source}")
        try:
            await asyncio.wait({asking}, timeout=timeout)
        finally:
            over.set()
            if not asking.done():
                self._give_up(asking)
        if not asking.done():
            raise CallError(f"database {source}: no answer within {timeout:g} s")
        try:
            return asking.result()
        except (SQLAlchemyError, OSError) as error:
            raise CallError(f"database {source}: {_short(error)}") from None

    async def close(self) -> None:
        """Close every connection, a few seconds at most."""
        if self._given_up:
            await asyncio.wait(self._given_up, timeout=CLOSE_SECONDS)
        for engine in self._engines.values():
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await engine.dispose()
            except (TimeoutError, SQLAlchemyError, OSError):
                continue

    def _give_up(self, asking: asyncio.Task[Any]) -> None:
        """Cancel a question without waiting for the database to agree, which a frozen one never does."""
        asking.cancel()
        self._given_up.add(asking)
        asking.add_done_callback(self._forget)

    def _forget(self, asking: asyncio.Task[Any]) -> None:
        self._given_up.discard(asking)
        if not asking.cancelled():
            asking.exception()


async def _ask(engine: AsyncEngine, query: Query, over: threading.Event) -> Mapping[str, Any] | None:
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            await _stop_when(over, connection)
        # A stream: of a million rows, only the first is read.
        async with connection.stream(_statement(query), _values(query)) as result:
            row = await result.mappings().first()
        return None if row is None else dict(row)


async def _stop_when(over: threading.Event, connection: AsyncConnection) -> None:
    """SQLite works in a thread of ours, which no cancellation reaches: it looks itself whether to go on."""
    raw = await connection.get_raw_connection()
    if raw.driver_connection is not None:
        await raw.driver_connection.set_progress_handler(over.is_set, SQLITE_STEPS)


def _statement(query: Query) -> Executable:
    if not isinstance(query, ByColumns):
        if _SECOND.search(_LITERAL.sub("", query.text)):
            raise CallError("a query is one statement: there is more after its `;`")
        return text(query.text)
    schema, _, name = query.table.rpartition(".")
    columns: list[ColumnClause[Any]] = [column(quoted_name(key, quote=True)) for key in query.columns]
    place = table(quoted_name(name, quote=True), *columns, schema=quoted_name(schema, quote=True) if schema else None)
    # The table stands before each column: SQLite takes a lone "name" that is no column for a text.
    conditions = [place.c[key] == bindparam(f"v{number}") for number, key in enumerate(query.columns)]
    return select(text("*")).select_from(place).where(*conditions).limit(1)


def _values(query: Query) -> dict[str, Any]:
    if isinstance(query, ByColumns):
        return {f"v{number}": value for number, value in enumerate(query.columns.values())}
    return dict(query.parameters)


def _engine(name: str, written: str, password: str | None, folder: Path) -> AsyncEngine:
    url = _url(name, written, password, folder)
    # Parameters are what callers typed: no error message and no log shows them.
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": POOL, "max_overflow": OVERFLOW}
    backend = "sqlite" if url.get_backend_name() == "sqlite" else "mysql"
    if backend == "mysql":
        options["connect_args"] = {"async_creator_fn": mysql.connect}
    engine = create_async_engine(url, **options, pool_recycle=RECYCLE_SECONDS)

    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for statement in _SESSION[backend]:
            cursor.execute(statement)
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


def _url(name: str, written: str, password: str | None, folder: Path) -> URL:
    """The URL with our drivers, the password, and a SQLite file that must exist. Raises ConfigurationError."""
    try:
        url = make_url(written)
    except ArgumentError:
        raise ConfigurationError(f"databases.{name}.url: write sqlite:///FILE or mysql://USER@HOST/NAME") from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigurationError(f"databases.{name}.url: name the file, as in sqlite:///customers.db")
        file = quote(str(folder / url.database))
        # mode=rw: a misspelt name shall not make an empty database.
        return url.set(drivername="sqlite+aiosqlite", database=f"file:{file}", query={"mode": "rw", "uri": "true"})
    if backend in ("mysql", "mariadb"):
        return url.set(drivername=f"{backend}+aiomysql", password=password)
    raise ConfigurationError(f"databases.{name}.url: {backend} is not known; known are sqlite, mysql, mariadb")


def _short(error: Exception) -> str:
    """What the database says, in a line, without our statement."""
    if isinstance(error, PoolTimeout):
        return "every connection is busy"
    if isinstance(error, DBAPIError) and error.orig is not None:
        said = error.orig.args[-1] if error.orig.args else error.orig
        return " ".join(str(said).split())
    return " ".join(str(error).split("\n", 1)[0].split())
