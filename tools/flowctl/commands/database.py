"""`flowctl database`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.messages import N_, _, _n
from tools.flowctl.people import with_database
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.database import Database

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The server's own database: its state, its tables."
)

Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
InLanguage = Annotated[str | None, typer.Option("--language", help=HELP)]

STATES = {
    "none": N_("{database}: tables not made yet"),
    "behind": N_("{database}: tables of an earlier version: start the server, or run `flowctl database upgrade`"),
    "current": N_("{database}: tables up to date"),
    "newer": N_("{database}: tables of a later version: update flowctl"),
}


@app.command(epilog="Example: flowctl database status")
def status(config: Config = None, format_: Format = "text", language: InLanguage = None) -> None:
    """Say where the database is, whether its tables are up to date, and which records wait in the outbox. Exit
    status: 0 all is well, 1 something is to be done, 2 the database cannot be reached."""
    settings = settings_of("database", config, language=language, format_=format_)
    name, tables, error = with_database("database", settings, _look)
    waiting, refused = _outbox(settings.data)
    if format_ == "json":
        found = {"database": name, "tables": tables, "waiting": waiting, "refused": refused}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(name, tables, waiting, refused)
    if error is not None:
        refuse("database", error)
    raise typer.Exit(1 if refused or tables in ("behind", "newer") else 0)


def _show(name: str, tables: str | None, waiting: dict[str, int], refused: list[dict[str, Any]]) -> None:
    if tables is not None:
        typer.echo(_(STATES[tables]).format(database=name))
    for kind, count in waiting.items():
        typer.echo(_("waiting in the outbox: {kind}: {count}").format(kind=kind, count=count))
    for one in refused:
        typer.echo(_("refused: {kind} {id}: {error}").format(**one))
    if refused:
        typer.echo(_("`flowctl database retry` lets the database be asked again"))


@app.command(epilog="Example: flowctl database upgrade")
def upgrade(config: Config = None, language: InLanguage = None) -> None:
    """Make the tables, or bring them up to date, as the server does when it starts. Safe while servers run."""

    async def work(database: Database) -> str:
        await database.upgrade()
        return database.name

    name = with_database("database", settings_of("database", config, language=language), work)
    typer.echo(_(STATES["current"]).format(database=name))


@app.command(epilog="Example: flowctl database retry")
def retry(config: Config = None, language: InLanguage = None) -> None:
    """Let the database be asked again for records that it has refused; a server that runs does so within a minute."""
    from engine.errors import DatabaseError
    from engine.records.outbox import FILE

    outbox = settings_of("database", config, language=language).data / FILE
    try:
        from engine.records.refused import put_back

        count = put_back(outbox)
    except DatabaseError as error:
        refuse("database", str(error))
    typer.echo(_n("{count} record waits again", "{count} records wait again", count).format(count=count))


async def _look(database: Database) -> tuple[str, str | None, str | None]:
    """Its name, and how its tables are, or why that cannot be said."""
    from engine.errors import DatabaseError

    try:
        return database.name, await database.state(), None
    except DatabaseError as error:
        return database.name, None, str(error)


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
