"""`flowctl switch`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.switches import State, Switch
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False)

COMMAND = "switch"
AUTO = "auto"
CHOICES = ("open", "closed", AUTO)


@app.command(
    epilog="Examples: flowctl switch   ·   flowctl switch night closed   ·   flowctl switch night auto",
)
def switch(
    name: Annotated[
        str | None, typer.Argument(help="The `override` of an hours node; all of them without it.")
    ] = None,
    state: Annotated[
        str | None, typer.Argument(help="open, closed, or auto: as the calendar says. What it is now, without it.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Show or set the switches by which people open and close by hand. A running server sees it at its next call."""
    from engine.errors import EngineError

    settings = settings_of(COMMAND, config, language=language, format_=format_)
    if state is not None and state not in CHOICES:
        refuse(COMMAND, _("{state}: a switch is open, closed or auto").format(state=repr(state)))
    try:
        _run(name, state, settings, format_)
    except (EngineError, OSError) as error:
        refuse(COMMAND, str(error))


def _run(name: str | None, state: str | None, settings: Settings, format_: str) -> None:
    from engine.clock import SystemClock
    from engine.records.switches import FILE, read_switches, set_switch

    path = settings.data / FILE
    switches = read_switches(path)
    names = sorted(_mentioned(settings.scenarios) | switches.keys())
    if name is not None and name not in names:
        from engine.scenario.suggest import did_you_mean

        hint = did_you_mean(name, names)
        said = _("no scenario in {folder} has the switch {name}").format(folder=settings.scenarios, name=repr(name))
        refuse(COMMAND, f"{said} ({hint})" if hint else said)
    if name is not None and state is not None:
        wanted: State | None = "open" if state == "open" else "closed" if state == "closed" else None
        set_switch(path, name, wanted, SystemClock().now())
        switches = read_switches(path)
    _show(switches, names if name is None else [name], format_)


def _mentioned(scenarios: Path) -> set[str]:
    """The switches that the scenarios of a server look at."""
    from engine.nodes.hours import Hours
    from engine.scenario.load import walk_files
    from engine.scenario.project import Project

    project = Project(scenarios, list(walk_files([scenarios])) if scenarios.is_dir() else ())
    nodes = (node for draft in project.drafts for node in draft.nodes.values())
    return {node.override for node in nodes if isinstance(node, Hours) and node.override}


def _show(switches: Mapping[str, Switch], names: list[str], format_: str) -> None:
    rows = [(name, switches.get(name)) for name in names]
    if format_ == "json":
        document = [
            {"name": name, "state": found.state if found else AUTO, "since": found.since if found else None}
            for name, found in rows
        ]
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    width = max((len(name) for name in names), default=0)
    for name, found in rows:
        said = _("auto: as the calendar says")
        if found:
            said = (_("open since {time}") if found.state == "open" else _("closed since {time}")).format(
                time=found.since
            )
        typer.echo(f"{name:{width}}  {said}")
    if not names:
        typer.echo(_("no scenario has a switch: give an hours node an `override`"))
