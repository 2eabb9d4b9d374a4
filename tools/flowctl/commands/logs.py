"""`flowctl logs`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False)

EVERY = 0.25
"""Seconds between two looks for more."""


@app.command(epilog="Examples: flowctl logs -n 100   ·   flowctl logs --follow   ·   flowctl logs --day 2027-07-13")
def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines, the last ones.")] = 20,
    day: Annotated[str | None, typer.Option(help="All of a day: 2027-07-13.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Show the daily log of a server, whether it runs or not."""
    from engine.errors import EngineError

    settings = settings_of("logs", config, language=language)
    folder = settings.data / settings.logs.folder
    try:
        if day is not None:
            _show_day(folder, day)
        else:
            _show(folder, settings, lines, follow=follow)
    except (EngineError, OSError) as error:
        refuse("logs", str(error))


def _show_day(folder: Path, day: str) -> None:
    from datetime import date

    from engine.records.daily_log import name_of

    try:
        path = folder / name_of(date.fromisoformat(day))
    except ValueError:
        refuse("logs", _("{day} is no day: write 2027-07-13").format(day=repr(day)))
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            typer.echo(line, nl=False)


def _show(folder: Path, settings: Settings, lines: int, *, follow: bool) -> None:
    import time

    from tools.flowctl.tail import Follower

    follower = Follower(folder, settings.zone)
    follower.skip(lines)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for line in follower.more():
                typer.echo(line)
            if not follow:
                break
            time.sleep(EVERY)
