"""`flowctl status`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.server.settings import Settings
    from engine.server.status import Status
    from tools.flowctl.status_view import Row

app = typer.Typer(add_completion=False)

COMMAND = "status"
EVERY = 1.0
"""Seconds between two looks with --watch; the server writes no more often."""


@app.command(epilog="Examples: flowctl status   ·   flowctl status --watch   ·   flowctl status --format json")
def status(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The free channels one by one, too.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again each second, until Ctrl-C.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Show what a server on this machine is doing: its channels with their calls, who waits, the agents, the trunks,
    and the counters. What is shown is two seconds old at most.

    Exit status: 0 it runs, 1 it does not, 2 that cannot be said.
    """
    from engine.errors import EngineError

    settings = settings_of(COMMAND, config, language=language, format_=format_)
    try:
        if watch:
            _watch(settings, format_, every=every)
        elif not _once(settings, format_, every=every):
            raise typer.Exit(1)
    except EngineError as error:
        refuse(COMMAND, str(error))


def _look(settings: Settings) -> tuple[Status | None, list[Row]]:
    """The status of a server that runs, None when none does, and all channels."""
    from engine.server.status import FILE, read_status
    from tools.flowctl.commands.channels import rows_of

    found = read_status(settings.data / FILE)
    running = found if found is not None and found.running else None
    return running, rows_of(settings, running)


def _once(settings: Settings, format_: str, *, every: bool) -> bool:
    """False when no server runs."""
    running, rows = _look(settings)
    if format_ == "json":
        typer.echo(_document(running, rows))
    elif running is None:
        typer.echo(_("the server is not running"))
    else:
        from rich.console import Console

        from tools.flowctl.status_view import now, view

        Console(highlight=False).print(view(running, rows, now(), every=every), soft_wrap=True)
    return running is not None


def _document(running: Status | None, rows: list[Row]) -> str:
    """One object: `running`, the server, and every channel, free ones included."""
    if running is None:
        return json.dumps({"running": False})
    document = asdict(running)
    document.pop("ticks")
    taken = {channel.pop("id"): channel for channel in document["channels"]}
    document["channels"] = [
        {"id": name, "bar": bar, **taken.get(name, {}), "state": state} for name, state, bar in rows
    ]
    return json.dumps({"running": True, **document}, ensure_ascii=False, indent=2)


def _watch(settings: Settings, format_: str, *, every: bool) -> None:
    """Until Ctrl-C. JSON: one line each time that something has changed."""
    try:
        if format_ == "json":
            _lines(settings)
        else:
            _screen(settings, every=every)
    except KeyboardInterrupt:
        return


def _lines(settings: Settings) -> None:
    before = ""
    while True:
        line = json.dumps(json.loads(_document(*_look(settings))), ensure_ascii=False)
        if line != before:
            typer.echo(line)
            before = line
        time.sleep(EVERY)


def _screen(settings: Settings, *, every: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    from tools.flowctl.status_view import now, view

    console = Console(highlight=False)
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            running, rows = _look(settings)
            shown = _("the server is not running") if running is None else view(running, rows, now(), every=every)
            live.update(shown, refresh=True)
            time.sleep(EVERY)
