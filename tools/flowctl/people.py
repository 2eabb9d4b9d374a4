"""What the commands about agents and centres have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from engine.records.database import Database
    from engine.records.people import People
    from engine.server.settings import Settings

T = TypeVar("T")


def with_people(command: str, config: Path | None, work: Callable[[People], Awaitable[T]]) -> T:
    """Do `work` with the directory of the server whose settings these are; see `with_database`."""

    async def on_people(database: Database) -> T:
        from engine.records.people import People

        return await work(People(database))

    return with_database(command, config, on_people)


def with_database(command: str, config: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do `work` with the database of the server whose settings these are (by default server.yaml here). What goes
    wrong with settings or database ends the command with 2."""
    from engine.errors import ConfigurationError, DatabaseError

    settings = settings_of(command, config)
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


def settings_of(command: str, config: Path | None) -> Settings:
    """The settings of a server (by default server.yaml here). What goes wrong with them ends the command with 2."""
    from engine.errors import ConfigurationError

    try:
        from engine.server.settings import Settings
    except ImportError as error:
        refuse(command, f"{error}; the settings and the database need `pip install 'flowctl[server]'`")
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    try:
        return Settings.load(config)
    except (ConfigurationError, OSError) as error:
        refuse(command, str(error))


def refuse(command: str, message: str) -> NoReturn:
    """End the command with 2."""
    typer.echo(f"flowctl {command}: {message}", err=True)
    raise typer.Exit(2)
