"""`flowctl purge`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from engine.messages import N_, _
from tools.flowctl.people import with_database
from tools.flowctl.speaking import HELP, settings_of

if TYPE_CHECKING:
    from engine.records.retention import Tally
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False)

_KINDS = {
    "logs": N_("daily logs"),
    "recordings": N_("recordings"),
    "messages": N_("messages"),
    "mails": N_("mails given up"),
    "calls": N_("calls"),
    "searches": N_("searches for an agent"),
    "offers": N_("offers to agents"),
    "agent_sessions": N_("log-ins of agents"),
    "agent_states": N_("states of agents"),
}


@app.command(epilog="Examples: flowctl purge --dry-run   ·   flowctl purge --config /etc/flowctl/server.yaml")
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing, say what would be.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Delete what is older than `retention` in the settings says, as a server that runs does each night.

    Exit status: 0 it is gone, 1 something could not be deleted, 2 it could not look.
    """
    settings = settings_of("purge", config, language=language, format_=format_)
    found = _purge(settings, delete=not dry_run)
    (_show_json if format_ == "json" else _show)(found, settings.zone)
    failed = [said for tally in found for said in tally.failed]
    for said in failed:
        typer.echo(f"flowctl purge: {said}", err=True)
    if failed:
        raise typer.Exit(1)


def _purge(settings: Settings, *, delete: bool) -> list[Tally]:
    from engine.server.retention import purge as purge_all

    now = datetime.now(UTC)
    return with_database("purge", settings, lambda database: purge_all(settings, database, now, delete=delete))


def _show(found: list[Tally], zone: ZoneInfo) -> None:
    shown = [tally for tally in found if tally.number]
    for tally in shown:
        size = "" if tally.size is None else f"{tally.size / 1e6:.1f} MB"
        oldest = "" if tally.oldest is None else f"{tally.oldest.astimezone(zone):%Y-%m-%d}"
        typer.echo(f"{tally.number:>9}  {size:>10}  {oldest:10}  {_(_KINDS[tally.kind])}")
    if not shown:
        typer.echo(_("nothing is older than the settings keep it"))


def _show_json(found: list[Tally], _zone: ZoneInfo) -> None:
    document = [
        {
            "kind": tally.kind,
            "number": tally.number,
            "size": tally.size,
            "oldest": None if tally.oldest is None else tally.oldest.astimezone(UTC).isoformat(timespec="seconds"),
            "failed": tally.failed,
        }
        for tally in found
    ]
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
