"""The server's own database, as its settings say."""

from __future__ import annotations

from pathlib import Path

from engine.records.database import FILE, Database
from engine.server.passwords import read_password
from engine.server.settings import Settings

SQLITE = "sqlite:///"


def database_of(settings: Settings) -> Database:
    """Connects when it is first asked. Raises ConfigurationError. Blocking: reads the password."""
    url = settings.database.url
    if url is None:
        return Database(settings.data / FILE)
    if url.startswith(SQLITE):
        return Database(settings.folder / Path(url.removeprefix(SQLITE)))
    from engine.records.mariadb import MariaDbServer

    return Database(MariaDbServer(url, read_password("database", settings.database, settings.folder)))
