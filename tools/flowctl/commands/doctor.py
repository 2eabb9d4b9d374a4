"""`flowctl doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _, _n
from tools.flowctl.render import colours_wanted
from tools.flowctl.speaking import HELP, refuse, speak

if TYPE_CHECKING:
    from engine.server.settings import Settings
    from tools.flowctl.doctor.examine import Result

app = typer.Typer(add_completion=False)

_SIGNS = {"ok": ("✓", "32"), "warning": ("!", "33"), "error": ("✗", "31"), "skipped": ("-", "2")}
"""Sign and colour (ANSI) of each state."""


@app.command(epilog="Examples: flowctl doctor --config /etc/flowctl/server.yaml   ·   flowctl doctor --format json")
def doctor(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Try every part of a server, running or not, and say what to do about what is wrong. Nothing is changed, and
    nobody is called.

    Exit status: 0 nothing is wrong (warnings are told), 1 something is, 2 it could not look.
    """
    from engine.errors import EngineError

    speak("doctor", language)
    if format_ not in ("text", "json"):
        refuse("doctor", _("--format is {choices}").format(choices="text | json"))
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    if config is not None and not config.is_file():
        refuse("doctor", _("{file} does not exist").format(file=config))
    try:
        from engine.server.settings import Settings
    except ImportError as error:
        install = "pip install 'flowctl[server,sip]'"
        refuse("doctor", _("{error}; a server needs `{command}`").format(error=error, command=install))
    try:
        settings = Settings.load(config)
    except EngineError as error:
        results = _unreadable(str(error))
    else:
        speak("doctor", language, settings)
        results = _examine(settings)
    (_show_json if format_ == "json" else _show)(results)
    if any(finding.state == "error" for _check, findings in results for finding in findings):
        raise typer.Exit(1)


def _examine(settings: Settings) -> list[Result]:
    import asyncio

    from engine.errors import ConfigurationError
    from engine.server.status import FILE, read_status
    from tools.flowctl.doctor.check import Patient, checks
    from tools.flowctl.doctor.examine import examine

    status, unreadable = None, ""
    try:
        status = read_status(settings.data / FILE)
    except ConfigurationError as error:
        unreadable = str(error)
    patient = Patient(settings, status if status is not None and status.running else None, unreadable)
    return asyncio.run(examine(patient, list(checks())))


def _unreadable(reason: str) -> list[Result]:
    """All that can be said when the settings are wrong: every line of what is."""
    from tools.flowctl.doctor.check import wrong
    from tools.flowctl.doctor.checks.settings import CHECK

    advice = _("docs/settings lists them all; the other parts were not looked at")
    lines = reason.splitlines()
    return [(CHECK, [wrong(line, advice if line is lines[-1] else "") for line in lines])]


def _show(results: list[Result]) -> None:
    colours = colours_wanted()
    for check, findings in results:
        typer.echo(f"\x1b[1m{_(check.title)}\x1b[0m" if colours else _(check.title))
        for finding in findings:
            sign, colour = _SIGNS[finding.state]
            painted = f"\x1b[{colour}m{sign}\x1b[0m" if colours else sign
            typer.echo(f"  {painted} {_one_line(finding.message)}")
            if finding.advice:
                typer.echo(f"    → {_one_line(finding.advice)}")
    states = [finding.state for _check, findings in results for finding in findings]
    errors, warnings = states.count("error"), states.count("warning")
    said = [
        _n("{count} error", "{count} errors", errors).format(count=errors),
        _n("{count} warning", "{count} warnings", warnings).format(count=warnings),
    ]
    typer.echo(", ".join(said) if errors or warnings else _("nothing is wrong"))


def _one_line(text: str) -> str:
    """Without what a terminal would obey: names and answers come from elsewhere."""
    return "".join(one if one.isprintable() else " " for one in text)


def _show_json(results: list[Result]) -> None:
    document = [
        {"check": check.name, "state": finding.state, "message": finding.message, "advice": finding.advice}
        for check, findings in results
        for finding in findings
    ]
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
