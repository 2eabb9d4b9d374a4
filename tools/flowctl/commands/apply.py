"""`flowctl apply`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from engine.messages import N_, _
from tools.flowctl.people import with_people
from tools.flowctl.speaking import HELP, refuse, speak

if TYPE_CHECKING:
    from engine.centres.difference import Change
    from engine.centres.directory import Directory
    from engine.records.people import People

app = typer.Typer(add_completion=False)

MANY = 100
"""Passwords, each of which takes 30 ms."""

_WORDS = {
    "agent": N_("agent"),
    "centre": N_("centre"),
    "added": N_("added"),
    "changed": N_("changed"),
    "removed": N_("removed"),
}

TRIES = 5
"""Other commands may change the directory between our look and our change."""


@app.command(epilog="Examples: flowctl apply directory.yaml --dry-run   ·   flowctl apply directory.yaml")
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Agents and centres, such as directory.yaml.")],
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave agents and centres that are not in the file.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Put the agents and centres of a file into the server's database, and say what that changes. A running server
    knows within a second. With a mistake in the file nothing is changed, and the exit status is 1."""
    from engine.errors import ConfigurationError

    speak("apply", language)
    if format_ not in ("text", "json"):
        refuse("apply", _("--format is {choices}").format(choices="text | json"))
    as_json = format_ == "json"
    try:
        given = _read(file)
    except ConfigurationError as error:
        _say_mistakes(str(error).splitlines(), as_json)

    async def work(people: People) -> None:
        await _apply(people, given, keep=keep, dry_run=dry_run, as_json=as_json)

    with_people("apply", config, work, language=language)


def _read(file: Path) -> Directory:
    """Raises ConfigurationError for a mistake in it; ends the command when it cannot be read."""
    from engine.centres.directory import Directory
    from engine.server.passwords import OTHERS

    try:
        with file.open("rb"):
            mode = file.stat().st_mode
    except OSError as error:
        refuse("apply", f"{file}: {error.strerror}")
    directory = Directory.load(file)
    passwords = sum(agent.password is not None for agent in directory.agents)
    if passwords > MANY:
        said = _("{count} passwords in clear: that takes a while").format(count=passwords)
        typer.echo(f"flowctl apply: {said}", err=True)
    if mode & OTHERS and passwords:
        said = _("others may read the passwords in {file}: chmod 600 it").format(file=file)
        typer.echo(f"flowctl apply: {said}", err=True)
    return directory


async def _apply(people: People, given: Directory, *, keep: bool, dry_run: bool, as_json: bool) -> None:
    from engine.records.applying import carry_out, plan
    from engine.records.people import Outdated

    for left in reversed(range(TRIES)):
        what = await plan(people, given, keep=keep)
        if not as_json:
            _show(what.changes)
        revision = what.before.revision
        if not dry_run:
            try:
                revision = await carry_out(people, what)
            except Outdated:
                if not left:
                    raise
                typer.echo(f"flowctl apply: {_('another command was faster: once more')}", err=True)
                continue
        if as_json:
            document = {"applied": not dry_run, "revision": revision.number, "changes": _as_json(what.changes)}
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        elif what.changes:
            applied = _("applied: revision {number}").format(number=revision.number)
            typer.echo(_("nothing was written (--dry-run)") if dry_run else applied)
        return


def _show(changes: list[Change]) -> None:
    for change in changes:
        typer.echo(f"{_(_WORDS[change.kind])} {change.key}: {_(_WORDS[change.deed])}")
        for name, (old, new) in change.fields.items():
            typer.echo(
                f"    {name}: {_said(name, new) if old is None else f'{_said(name, old)} → {_said(name, new)}'}"
            )
    counts = Counter(change.deed for change in changes)
    said = ", ".join(f"{count} {_(_WORDS[deed])}" for deed, count in sorted(counts.items()))
    typer.echo(said or _("nothing changes"))


def _said(name: str, value: Any) -> str:
    if value is None or name == "password":
        return value or _("none")
    return json.dumps(value, ensure_ascii=False)


def _as_json(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {
            "kind": change.kind,
            "key": change.key,
            "change": change.deed,
            "fields": {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()},
        }
        for change in changes
    ]


def _say_mistakes(mistakes: list[str], as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"applied": False, "mistakes": mistakes}, ensure_ascii=False, indent=2))
    for mistake in () if as_json else mistakes:
        typer.echo(mistake, err=True)
    raise typer.Exit(1)
