"""`flowctl database`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tools.flowctl.people import with_database
from tools.flowctl.speaking import refuse, settings_of

if TYPE_CHECKING:
    from engine.records.database import Database

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The server's own database: its state, its tables."
)

Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]

STATES = {
    "none": "not made yet",
    "behind": "of an earlier version: start the server, or run `flowctl database upgrade`",
    "current": "up to date",
    "newer": "of a later version: update flowctl",
}


@app.command(epilog="Example: flowctl database status")
def status(config: Config = None, format_: Format = "text") -> None:
    """Say where the database is, whether its tables are up to date, and which records wait in the outbox. Exit
    status: 0 all is well, 1 something is to be done, 2 the database cannot be reached."""
    settings = settings_of("database", config, format_=format_)
    name, tables = with_database("database", settings, _look)
    waiting, refused = _outbox(settings.data)
    if format_ == "json":
        found = {"database": name, "tables": tables, "waiting": waiting, "refused": refused}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{name}: tables {STATES[tables]}")
        for kind, count in waiting.items():
            typer.echo(f"waiting in the outbox: {kind}: {count}")
        for one in refused:
            typer.echo(f"refused: {one['kind']} {one['id']}: {one['error']}")
        if refused:
            typer.echo("`flowctl database retry` lets the database be asked again")
    raise typer.Exit(1 if refused or tables in ("behind", "newer") else 0)


@app.command(epilog="Example: flowctl database upgrade")
def upgrade(config: Config = None) -> None:
    """Make the tables, or bring them up to date, as the server does when it starts. Safe while servers run."""

    async def work(database: Database) -> str:
        await database.upgrade()
        return database.name

    name = with_database("database", settings_of("database", config), work)
    typer.echo(f"{name}: tables up to date")


@app.command(epilog="Example: flowctl database retry")
def retry(config: Config = None) -> None:
    """Let the database be asked again for records that it has refused; a server that runs does so within a minute."""
    from engine.errors import DatabaseError
    from engine.records.outbox import FILE

    outbox = settings_of("database", config).data / FILE
    try:
        from engine.records.refused import put_back

        count = put_back(outbox)
    except DatabaseError as error:
        refuse("database", str(error))
    typer.echo(f"{count} records wait again")


async def _look(database: Database) -> tuple[str, str]:
    return database.name, await database.state()


def _outbox(data: Path) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """How many records wait, by kind, and those that were refused."""
    from engine.errors import ConfigurationError
    from engine.records.drainer import REFUSED
    from engine.records.outbox import FILE, waiting_in
    from engine.records.tables import KINDS

    try:
        entries = waiting_in(data / FILE, [*KINDS, REFUSED])
    except ConfigurationError as error:
        refuse("database", str(error))
    waiting = Counter(entry.kind for entry in entries if entry.kind != REFUSED)
    refused = [
        {name: entry.body[name] for name in ("kind", "id", "error")} for entry in entries if entry.kind == REFUSED
    ]
    return dict(waiting), refused
