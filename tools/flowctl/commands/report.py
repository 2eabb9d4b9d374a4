"""`flowctl report`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from engine.messages import in_use
from tools.flowctl.people import with_database
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.records.database import Database
    from engine.records.statistics import By, Query, Report
    from engine.server.settings import Settings
    from tools.flowctl.statistics.words import Manner

app = typer.Typer(add_completion=False)

SECONDS = 60.0
"""For the answer of the database."""

KINDS = ("calls", "centres", "agents", "waiting")
FORMATS = ("text", "json", "csv", "xlsx", "svg")


@app.command(
    epilog="Examples: flowctl report centres --day yesterday --by hour   ·   "
    "flowctl report agents --month 2026-10 --format json -o october.json"
)
def report(
    kind: Annotated[
        str, typer.Argument(metavar="REPORT", help="calls, centres, agents or waiting (how long callers waited).")
    ] = "calls",
    since: Annotated[
        str | None, typer.Option(help="From 2026-10-01, 2026-10-01T08:30, or 7d: so long ago; by default today.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until before this moment; a day is in it.")] = None,
    day: Annotated[str | None, typer.Option(help="One day: 2026-10-25, today or yesterday.")] = None,
    month: Annotated[str | None, typer.Option(help="One month: 2026-10.")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="What a row is: slot (quarter of an hour), half-hour, hour, day, week, month, weekday-hour; calls: "
            "direction, did, scenario, result, agent; centres, waiting: centre; agents: agent; waiting: wait."
        ),
    ] = None,
    centre: Annotated[str | None, typer.Option(help="This centre alone.")] = None,
    agent: Annotated[str | None, typer.Option(help="The agent with this code alone.")] = None,
    did: Annotated[str | None, typer.Option(help="Calls to this number alone.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Calls of this scenario alone.")] = None,
    direction: Annotated[str | None, typer.Option(help="Calls in, or out, alone.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every column, in text.")] = False,
    time_zone: Annotated[
        str | None, typer.Option(help="Where hours and days are: Europe/Paris; by default that of the settings.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
    format_: Annotated[str, typer.Option("--format", help="text, json, csv, xlsx or svg (a plot).")] = "text",
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="CSV for a spreadsheet: UTF-8 mark; in French ; and decimal commas.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
) -> None:
    """Statistics of calls, centres, agents and waiting; docs/statistics.md has the formulas. What is not over yet is
    not in them."""
    for option, value, choice in (
        ("REPORT", kind, KINDS),
        ("--format", format_, FORMATS),
    ):
        if value is not None and value not in choice:
            refuse("report", f"{option} is {', '.join(choice)}; not {value!r}")
    if format_ == "xlsx" and output is None and sys.stdout.isatty():
        refuse("report", "a sheet is no text: name a file, -o report.xlsx")
    settings = settings_of("report", config, language=language)
    try:
        query = _query(
            settings,
            _zone(time_zone, settings),
            _by(by, kind),
            {"centre": centre, "agent": agent, "did": did, "scenario": scenario, "direction": direction},
            {"since": since, "until": until, "day": day, "month": month},
        )
        made, names = _ask(settings, kind, query)
    except ValueError as error:
        refuse("report", str(error))
    from tools.flowctl.statistics.words import Manner

    manner = Manner(in_use(), every, spreadsheet, names)
    if format_ == "text" and output is None and sys.stdout.isatty():
        from rich.console import Console

        from tools.flowctl.statistics.text import show

        show(made, Console(highlight=False), manner)
    else:
        _write(_rendered(made, format_, manner), output)


def _zone(name: str | None, settings: Settings) -> ZoneInfo:
    """Raises ValueError."""
    from engine.server.zone import zone_name

    return settings.zone if name is None else ZoneInfo(zone_name(name))


def _by(name: str | None, kind: str) -> By:
    """Raises ValueError."""
    from engine.records.statistics import PLANS, By, Kind

    choice = PLANS[Kind(kind)].by
    if name is not None and name not in list(choice):
        raise ValueError(f"{kind} --by is {', '.join(choice)}; not {name!r}")
    return By(name) if name else choice[0]


def _query(
    settings: Settings, zone: ZoneInfo, by: By, filters: dict[str, str | None], period: dict[str, str | None]
) -> Query:
    """Raises ValueError."""
    from engine.records.statistics import Filters, Limits, Query
    from tools.flowctl.statistics.periods import period_of

    limits = Limits(settings.statistics.answer_within, settings.statistics.short_calls)
    return Query(period_of(zone, datetime.now(UTC), **period), by, limits, Filters(**filters))


def _ask(settings: Settings, kind: str, query: Query) -> tuple[Report, dict[str, str]]:
    """The report, and the names of agents by their codes. Raises ValueError."""
    from engine.records.people import People
    from engine.records.statistics import By, Kind, check, report

    check(Kind(kind), query)

    async def ask(database: Database) -> tuple[Report | None, dict[str, str]]:
        found = await database.read(lambda connection: report(connection, Kind(kind), query), SECONDS)
        if found is None or query.by is not By.AGENT:
            return found, {}
        agents = (await People(database).load()).directory.agents
        return found, {agent.code: agent.name for agent in agents if agent.name != agent.code}

    found, names = with_database("report", settings, ask)
    if found is None:
        refuse("report", "there is no database yet: the server has not run")
    return found, names


def _rendered(made: Report, format_: str, manner: Manner) -> bytes:
    from tools.flowctl.statistics import commas, documents, plot, sheets, text

    match format_:
        case "json":
            return documents.as_json(made, manner.language).encode()
        case "csv":
            return commas.as_csv(made, manner)
        case "svg":
            return plot.as_svg(made, manner).encode()
        case "xlsx":
            return sheets.as_xlsx(made, manner)
    return text.as_text(made, manner).encode()


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        refuse("report", f"{output}: {error.strerror}")
