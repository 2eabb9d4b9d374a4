"""The database of the server, for checks that look into it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.records.database import Database
    from engine.server.settings import Settings


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """Closed at the end of the block."""
    from engine.records.database import FILE, Database

    database = Database(settings.data / FILE)
    try:
        yield database
    finally:
        await database.close()
