"""`flowctl channels`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from engine.server.settings import Settings
    from engine.server.status import Status

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: flowctl channels   ·   flowctl channels --format json")
def channels(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The free ones one by one, too.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Show the channels and trunks of a server. What they are doing is at most two seconds old."""
    from engine.errors import EngineError

    if format_ not in ("text", "json"):
        _refuse("--format is text or json")
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    try:
        from engine.server.settings import Settings
        from engine.server.status import FILE, read_status
    except ImportError as error:
        _refuse(f"{error}; the settings need `pip install 'flowctl[server]'`")
    try:
        settings = Settings.load(config)
        status = read_status(settings.data / FILE)
        rows = rows_of(settings, status)
    except EngineError as error:
        _refuse(str(error))
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
        said = f"barred from {', '.join(bar)}" if bar else ""
        typer.echo(f"{name:{width}}  {state:7}  {said}".rstrip())
    for line, count in Counter(name.rpartition("/")[0] for name in plain).items():
        typer.echo(f"{line}: {count} {'more ' if shown else ''}free")
    if status is None or not status.running:
        typer.echo("the server is not running")
        return
    if not rows:
        typer.echo("no call is up, and no line has a count of channels")
    for trunk in status.trunks:
        state = "up" if trunk.up else f"down: {trunk.detail}"
        typer.echo(f"trunk {trunk.name}  {state}, since {trunk.since}")


def _refuse(message: str) -> NoReturn:
    typer.echo(f"flowctl channels: {message}", err=True)
    raise typer.Exit(2)
