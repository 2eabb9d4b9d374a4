"""The database of the server, for checks that look into it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.records.database import Database
    from engine.server.settings import Settings


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """Closed at the end of the block. Raises ConfigurationError."""
    from engine.server import store

    database = await asyncio.to_thread(store.database_of, settings)
    try:
        yield database
    finally:
        await database.close()
