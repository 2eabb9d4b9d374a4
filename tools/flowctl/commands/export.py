"""`flowctl export`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.messages import _
from tools.flowctl.people import with_people
from tools.flowctl.speaking import HELP, refuse

if TYPE_CHECKING:
    from engine.centres.directory import Directory
    from engine.records.people import People

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: flowctl export   ·   flowctl export -o directory.yaml")
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, in place of printing.")
    ] = None,
    with_hashes: Annotated[
        bool, typer.Option("--with-hashes", help="The hashes of passwords too; nobody else may read the file then.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Write the agents and centres of a server's database as a file for `apply`, without passwords."""
    directory = with_people("export", config, _load, language=language)
    text = as_yaml(directory, with_hashes=with_hashes)
    if output is None:
        typer.echo(text, nl=False)
        return
    from engine.records.files import replace_text

    try:
        replace_text(output, text, mode=0o600 if with_hashes else 0o644)
    except OSError as error:
        refuse("export", f"{output}: {error.strerror}")


async def _load(people: People) -> Directory:
    stored = await people.load()
    if not stored.revision.number:
        # An empty file, applied somewhere, would remove everybody there.
        refuse("export", _("nothing is stored yet: `flowctl apply` stores agents and centres"))
    return stored.directory


def as_yaml(directory: Directory, *, with_hashes: bool = False) -> str:
    """The directory as a file, an agent and a centre a line."""
    from engine.centres.entries import directory_entries

    return "".join(_lines(directory_entries(directory, with_hashes=with_hashes)))


def _lines(entries: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for part, items in entries.items():
        yield f"{part}:\n" if items else f"{part}: []\n"
        for item in items:
            yield f"  - {_written(item)}\n"


def _written(value: Any) -> str:
    """The value as YAML in one line; texts in quotation marks, so that each stays a text."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case str():
            # What cannot be seen is escaped; YAML breaks lines at some of it.
            return json.dumps(value, ensure_ascii=not value.isprintable())
    return json.dumps(value)
