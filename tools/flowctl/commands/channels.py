"""`flowctl channels`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, settings_of
from tools.flowctl.status_view import STATES

if TYPE_CHECKING:
    from engine.server.settings import Settings
    from engine.server.status import Status

app = typer.Typer(add_completion=False)

COMMAND = "channels"


@app.command(epilog="Examples: flowctl channels   ·   flowctl channels --format json")
def channels(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The free ones one by one, too.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Show the channels and trunks of a server. What they are doing is at most two seconds old."""
    from engine.errors import EngineError

    settings = settings_of(COMMAND, config, language=language, format_=format_)
    from engine.server.status import FILE, read_status

    try:
        status = read_status(settings.data / FILE)
        rows = rows_of(settings, status)
    except EngineError as error:
        refuse(COMMAND, str(error))
    if format_ == "json":
        _show_json(status, rows)
    else:
        _show(status, rows, every=every)


Rows = list[tuple[str, str, tuple[str, ...]]]
"""Id, state and bars."""


def rows_of(settings: Settings, status: Status | None) -> Rows:
    """Every channel that there is, with what it does now. Raises ConfigurationError."""
    from engine.lines.channels import Channels
    from engine.server.channels import ports_of, rules_of

    taken = {one.id: one.state for one in status.channels} if status is not None and status.running else {}
    listed = Channels(rules_of(settings), default_count=ports_of(settings)).list()
    rows: Rows = [(one.id, taken.pop(one.id, one.state), one.bar) for one in listed]
    # A line may have had more channels when the call began.
    return rows + [(channel, state, ()) for channel, state in taken.items()]


def _show_json(status: Status | None, rows: Rows) -> None:
    running = status is not None and status.running
    document = {
        "running": running,
        "channels": [{"id": name, "state": state, "bar": bar} for name, state, bar in rows],
        "trunks": [
            {"name": trunk.name, "up": trunk.up, "detail": trunk.detail, "since": trunk.since}
            for trunk in (status.trunks if status is not None and running else ())
        ],
    }
    typer.echo(json.dumps(document, indent=2))


def _show(status: Status | None, rows: Rows, *, every: bool) -> None:
    plain = [name for name, state, bar in rows if state == "free" and not bar and not every]
    shown = [row for row in rows if row[0] not in set(plain)]
    width = max((len(name) for name, _, _ in shown), default=0)
    for name, state, bar in shown:
        said = _("barred from {uses}").format(uses=", ".join(bar)) if bar else ""
        typer.echo(f"{name:{width}}  {_(STATES[state]):8} {said}".rstrip())
    for line, count in Counter(name.rpartition("/")[0] for name in plain).items():
        free = _("{line}: {count} more free") if shown else _("{line}: {count} free")
        typer.echo(free.format(line=line, count=count))
    if status is None or not status.running:
        typer.echo(_("the server is not running"))
        return
    if not rows:
        typer.echo(_("no call is up, and no line has a count of channels"))
    for trunk in status.trunks:
        said = _("trunk {name}  up, since {time}") if trunk.up else _("trunk {name}  down: {reason}, since {time}")
        typer.echo(said.format(name=trunk.name, reason=trunk.detail, time=trunk.since))
