"""`flowctl contacts`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.messages import _, _n
from tools.flowctl.people import with_database
from tools.flowctl.progress import Progress
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.contacts.feed import Feed
    from engine.records.contacts.spelling import Spelling
    from engine.records.contacts.storing import Deeds
    from engine.records.database import Database
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The table of contacts: who calls.")

SHOWN = 20
"""Refused lines that are shown to people; programs get all of them."""

Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
InLanguage = Annotated[str | None, typer.Option("--language", help=HELP)]


@app.command(
    "import",
    epilog="Examples: flowctl contacts import customers.csv --dry-run   ·   flowctl contacts import customers.csv",
)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV whose first line names the columns.")],
    config: Config = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    format_: Format = "text",
    language: InLanguage = None,
) -> None:
    """Put the contacts of a file into the table: those whose ident is there are changed, the others added. Lines that
    cannot be taken are named, the others taken; the exit status is 1 then."""
    from engine.records.contacts.feed import NoFeed, read_feed

    settings = settings_of("contacts", config, language=language, format_=format_)
    with Progress() as progress:
        try:
            data = file.read_bytes()
            feed = read_feed(
                data, _spelling(settings), lambda line: progress.show(_("line {line}").format(line=line))
            )
        except (OSError, NoFeed) as error:
            refuse("contacts", f"{file}: {(isinstance(error, OSError) and error.strerror) or error}")

        async def work(database: Database) -> Deeds:
            from engine.records.contacts.storing import store

            def written(count: int, of: int) -> None:
                progress.show(_("{count} of {all} contacts written").format(count=count, all=of))

            progress.show(_("comparing with the table"))
            return await store(database, list(feed.rows.values()), dry_run=dry_run, written=written)

        deeds = with_database("contacts", settings, work)
    if format_ == "json":
        typer.echo(json.dumps(_as_json(feed, deeds, dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        _show(file, feed, deeds, dry_run=dry_run)
    raise typer.Exit(1 if feed.refused else 0)


@app.command(epilog="Examples: flowctl contacts find 0143670903   ·   flowctl contacts find +33143670903")
def find(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As people write it.")],
    config: Config = None,
    format_: Format = "text",
    language: InLanguage = None,
) -> None:
    """Say who would be found for a caller, and how long that takes. Nobody: the exit status is 1."""
    from engine.records.contacts.lookup import TableContacts

    settings = settings_of("contacts", config, language=language, format_=format_)
    spelling = _spelling(settings)
    read = spelling.number(number)
    if read is None:
        refuse(
            "contacts",
            _("{text} is no telephone number that can be called from everywhere").format(text=repr(number)),
        )

    async def work(database: Database) -> Any:
        contacts = TableContacts(database, spelling, timeout=5, expires=0)
        await contacts.learn(rest=0)
        return await contacts.find(f"+{read}")

    found = with_database("contacts", settings, work)
    if format_ == "json":
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    elif found is None:
        typer.echo(_("{number} is in no contact").format(number=f"+{read}"))
    else:
        for name, value in found.items():
            if value is not None:
                typer.echo(f"{name:16} {value}")
    raise typer.Exit(1 if found is None else 0)


def _spelling(settings: Settings) -> Spelling:
    from engine.records.contacts.spelling import Spelling

    return Spelling(settings.country, settings.telephony.outside_prefix)


def _show(file: Path, feed: Feed, deeds: Deeds, *, dry_run: bool) -> None:
    for one in feed.refused[:SHOWN]:
        typer.echo(f"{file}:{one.line}: {f'{one.column}: ' if one.column else ''}{one.why}", err=True)
    if len(feed.refused) > SHOWN:
        typer.echo(
            _("… and {count} more: --format json has them all").format(count=len(feed.refused) - SHOWN), err=True
        )
    if feed.ignored:
        typer.echo(_("columns that mean nothing here: {columns}").format(columns=", ".join(feed.ignored)))
    refused = _n("{count} line refused", "{count} lines refused", len(feed.refused)).format(count=len(feed.refused))
    told = _("{added} added, {changed} changed, {unchanged} as before, {refused}")
    typer.echo(
        told.format(added=len(deeds.added), changed=len(deeds.changed), unchanged=deeds.unchanged, refused=refused)
    )
    if dry_run:
        typer.echo(_("nothing was written (--dry-run)"))


def _as_json(feed: Feed, deeds: Deeds, *, dry_run: bool) -> dict[str, Any]:
    return {
        "applied": not dry_run,
        "added": len(deeds.added),
        "changed": len(deeds.changed),
        "unchanged": deeds.unchanged,
        "refused": [{"line": one.line, "column": one.column, "why": one.why} for one in feed.refused],
        "ignored": feed.ignored,
    }
