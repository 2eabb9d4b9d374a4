"""The server's own database, as its settings say."""

from __future__ import annotations

import ssl
from pathlib import Path

from engine.errors import ConfigurationError
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

    password = read_password("database", settings.database, settings.folder)
    return Database(MariaDbServer(url, password, _tls(settings)))


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.database.ca_file is None:
        return None
    file = settings.folder / settings.database.ca_file
    try:
        return ssl.create_default_context(cafile=str(file))
    except OSError as error:
        # An SSLError is one, too.
        raise ConfigurationError(f"database.ca_file: {file}: {error.strerror or error}") from error
