"""Where the server's own database may be: a SQLite file, or a database of its own in the private MariaDB server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from support.mariadb import MariaDb

from engine.records.database import Database
from engine.records.mariadb import MariaDbServer

Place = Callable[[], Database]
"""Makes a `Database`, always of the same place."""

_numbers = itertools.count()


def sqlite_place(folder: Path) -> Place:
    """A file that is not there yet."""
    return lambda: Database(folder / "var" / "flowctl.db")


def mariadb_place(server: MariaDb) -> Place:
    """An empty database."""
    name = f"own{next(_numbers)}"
    server.run(f"CREATE DATABASE {name}")
    return lambda: Database(MariaDbServer(server.url_of(name), None))


def place_of(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """What a parametrised fixture asks for; the MariaDB server is started when it is first needed."""
    if request.param == "sqlite":
        return sqlite_place(tmp_path)
    return mariadb_place(request.getfixturevalue("mariadb_server"))
