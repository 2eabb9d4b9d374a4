"""`flowctl records`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.messages import _
from tools.flowctl.people import with_database
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.reading import Wanted
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False)

MOMENT = "2027-07-13, 2027-07-13T08:30, or 2h: so long ago."


@app.command(epilog="Examples: flowctl records --since 2h   ·   flowctl records --id ID --format json")
def records(
    since: Annotated[str | None, typer.Option(help=f"Calls from this moment on: {MOMENT}")] = None,
    until: Annotated[str | None, typer.Option(help="Calls before this moment; a day is in it.")] = None,
    did: Annotated[str | None, typer.Option(help="Calls to this number.")] = None,
    cli: Annotated[str | None, typer.Option(help="Calls from this number, as presented or in E.164.")] = None,
    agent: Annotated[str | None, typer.Option(help="Calls of the agent with this code.")] = None,
    result: Annotated[
        str | None, typer.Option(help="Calls that ended so: ended, transferred, interrupted, …")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The newest ones; by default 100, or all since …")] = None,
    identity: Annotated[str | None, typer.Option("--id", help="One call, with its offers to agents.")] = None,
    with_offers: Annotated[bool, typer.Option(help="With the searches and offers of each call.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Show the records of calls that are over, the newest last, whether the server runs or not. Exit 1: there is no
    call of that id."""
    settings = settings_of("records", config, language=language, format_=format_)
    try:
        wanted = _wanted(settings, since, until, limit, id=identity, did=did, cli=cli, agent=agent, result=result)
    except ValueError as error:
        refuse("records", str(error))
    found = _find(settings, wanted, offers=with_offers or identity is not None)
    if format_ == "json":
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _show(found, settings, whole=identity is not None)
    if identity is not None and not found:
        said = _("there is no call {id}").format(id=repr(identity))
        typer.echo(f"flowctl records: {said}", err=True)
        raise typer.Exit(1)


def _wanted(
    settings: Settings, since: str | None, until: str | None, limit: int | None, **equal: str | None
) -> Wanted:
    """Raises ValueError."""
    from engine.records.reading import Wanted
    from tools.flowctl.moments import moment_of

    now = datetime.now(UTC)
    return Wanted(
        since=None if since is None else moment_of(since, settings.zone, now),
        until=None if until is None else moment_of(until, settings.zone, now, end=True),
        limit=100 if limit is None and since is None else limit,
        **equal,
    )


def _show(found: list[dict[str, Any]], settings: Settings, *, whole: bool) -> None:
    from tools.flowctl.records_view import show, show_whole

    if whole:
        for call in found:
            show_whole(call, settings.zone)
    else:
        show(found, settings.zone)


def _find(settings: Settings, wanted: Wanted, *, offers: bool) -> list[dict[str, Any]]:
    from engine.records.outbox import FILE
    from engine.records.reading import find_calls

    outbox = settings.data / FILE
    return with_database("records", settings, lambda database: find_calls(database, outbox, wanted, offers=offers))
