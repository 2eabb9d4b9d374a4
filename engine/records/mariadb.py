"""The server's own database in MariaDB or MySQL, which several servers may share."""

from __future__ import annotations

import ssl

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from engine import mysql
from engine.errors import ConfigurationError, DatabaseError
from engine.records.migrations import upgrade

POOL = 3
"""Connections that are kept open."""
OVERFLOW = 2
"""Connections beyond them that are closed after use."""
RECYCLE_SECONDS = 600
"""A connection older than this is replaced: servers close the idle ones."""
CONNECT_SECONDS = 4
"""Less than any of our waits: what cannot be reached shall say so itself."""
LOCK_SECONDS = 20
"""How long one waits for another server that brings the tables up to date."""
UPGRADE_SECONDS = 30
"""How long one statement of that may take."""

_SESSION = (
    "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 5, "
    "SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION'"
)
_QUESTION = f"{_SESSION}, SESSION lock_wait_timeout = 5"
"""Who waits for a table that a job has locked is given up after a few seconds, and the server is not told: without
this its end of the connection would stay until the lock is gone."""


class MariaDbServer:
    """See `Backend`. There is nothing to be made: the database, and a user who may do everything in it, are given."""

    def __init__(self, url: str, password: str | None, tls: ssl.SSLContext | None = None) -> None:
        """url: without the password. tls: nothing goes unencrypted. Raises ConfigurationError."""
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ConfigurationError("database.url: write mysql://USER@HOST:PORT/NAME") from None
        self._url = parsed.set(password=password)
        self._tls = {} if tls is None else {"ssl": tls}
        self.name = f"mysql://{parsed.host or 'localhost'}/{parsed.database}"

    async def identity(self) -> str:
        return self.name

    async def make(self) -> None:
        return None

    def engine(self) -> AsyncEngine:
        engine = create_async_engine(
            self._with_driver("mysql+aiomysql"),
            hide_parameters=True,
            pool_size=POOL,
            max_overflow=OVERFLOW,
            pool_timeout=CONNECT_SECONDS,
            pool_recycle=RECYCLE_SECONDS,
            pool_pre_ping=True,
            connect_args={
                "init_command": _QUESTION,
                "connect_timeout": CONNECT_SECONDS,
                "async_creator_fn": mysql.connect,
                **self._tls,
            },
        )

        def begin(connection: Connection) -> None:
            # Who writes sees what others have written meanwhile, and locks no rows beside their own.
            if connection.get_execution_options().get("flowctl_write", False):
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

        event.listen(engine.sync_engine, "begin", begin)
        return engine

    def upgrade(self) -> None:
        waits = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": UPGRADE_SECONDS,
            "write_timeout": UPGRADE_SECONDS,
        }
        engine = create_engine(
            self._with_driver("mysql+pymysql"),
            poolclass=NullPool,
            connect_args={"init_command": _SESSION, **waits, **self._tls},
        )
        with engine.begin() as connection:
            # Held by the connection, and gone with it.
            take = text("SELECT GET_LOCK(CONCAT('flowctl ', SHA1(DATABASE())), :seconds)")
            if not connection.scalar(take, {"seconds": LOCK_SECONDS}):
                raise DatabaseError(f"{self.name}: another server is bringing its tables up to date")
            upgrade(connection)

    def is_content(self, error: DBAPIError) -> bool:
        return _code(error) in _CONTENT

    def is_away(self, error: DBAPIError) -> bool:
        return error.connection_invalidated or _code(error) in _AWAY

    def is_changing(self, error: DBAPIError) -> bool:
        return _code(error) == _CHANGING

    def advice(self, said: str) -> str:
        return next((remedy for part, remedy in _REMEDIES.items() if part in said), "")

    def _with_driver(self, driver: str) -> URL:
        return self._url.set(drivername=driver).update_query_dict({"charset": "utf8mb4"})


def _code(error: DBAPIError) -> object:
    return error.orig.args[0] if error.orig is not None and error.orig.args else None


_REMEDIES = {
    "Access denied": "see user and password in the setting database, and what the user may do (GRANT ALL ON NAME.*)",
    "Unknown database": "make it: CREATE DATABASE NAME CHARACTER SET utf8mb4",
    "Can't connect": "see host and port in database.url, whether it runs, and whether a firewall is in between",
}

_CONTENT = frozenset({1048, 1264, 1265, 1292, 1366, 1406, 1690, 3819, 4025})
"""Errors of values: null, out of range, cut, wrong, wrong characters, too long, too great, against a check."""

_CHANGING = 1684
"""A table is not described while another connection changes it."""

_AWAY = frozenset({1040, 1053, 1203, 2002, 2003, 2006, 2013, 2055})
"""Too many connections, shutting down, cannot connect, connection lost."""
