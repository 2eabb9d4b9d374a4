"""What the commands about agents and centres have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tools.flowctl.speaking import refuse, settings_of

if TYPE_CHECKING:
    from engine.records.database import Database
    from engine.records.people import People
    from engine.server.settings import Settings

T = TypeVar("T")


def with_people(
    command: str, config: Path | None, work: Callable[[People], Awaitable[T]], *, language: str | None = None
) -> T:
    """Do `work` with the directory of the server whose settings these are (by default server.yaml here)."""

    async def on_people(database: Database) -> T:
        from engine.records.people import People

        return await work(People(database))

    return with_database(command, settings_of(command, config, language=language), on_people)


def with_database(command: str, settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do `work` with the database of the server whose settings these are. What goes wrong with it ends the command
    with 2."""
    from engine.errors import ConfigurationError, DatabaseError
    from engine.server.store import database_of

    async def run() -> T:
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        database = database_of(settings)
        return asyncio.run(run())
    except (ConfigurationError, DatabaseError, OSError) as error:
        refuse(command, str(error))
