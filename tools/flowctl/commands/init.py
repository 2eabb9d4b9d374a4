"""`flowctl init`."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

LANGUAGES = ("en", "fr")
SCENARIO = "flows/call_centre/scenario.yaml"
SCHEMA = "schemas/scenario.schema.json"


@app.command(epilog="Example: flowctl init my-server --language en")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make or to fill.")],
    language: Annotated[str, typer.Option(help="Language of the calls: en or fr.")] = "fr",
) -> None:
    """Make a folder with a first scenario, ready to validate, simulate and serve. Overwrites nothing."""
    if language not in LANGUAGES:
        _refuse(f"--language is {' or '.join(LANGUAGES)}, not {language!r}")
    contents = starter(language)
    if there := [name for name in contents if (folder / name).exists()]:
        _refuse(f"nothing was made, these are there already: {', '.join(str(folder / name) for name in there)}")
    try:
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
    typer.echo(_summary(folder))


def starter(language: str) -> dict[str, bytes]:
    """What a first server is made of: path → content, its calls in `language`."""
    from engine.scenario.schema import scenario_schema

    contents: dict[str, bytes] = {}
    _collect(files("tools.flowctl") / "starter", "", contents)
    _collect(files("flows") / "call_centre", "flows/call_centre/", contents)
    text = contents[SCENARIO].decode()
    contents[SCENARIO] = re.sub(r"(?m)^language: \w+$", f"language: {language}", text).encode()
    contents[SCHEMA] = (json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    return contents


def _collect(source: Traversable, prefix: str, into: dict[str, bytes]) -> None:
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if entry.is_file():
            into[prefix + entry.name] = entry.read_bytes()
        elif entry.name != "__pycache__":
            _collect(entry, f"{prefix}{entry.name}/", into)


def _summary(folder: Path) -> str:
    return f"""\
made in {folder}:
  server.yaml                 addresses and ports of the server
  directory.yaml              agents and centres
  {SCENARIO}
  flows/call_centre/prompts   recordings in French and English
  {SCHEMA}
next:
  cd {folder}
  flowctl validate flows
  flowctl simulate {SCENARIO}
  flowctl serve"""


def _refuse(reason: str) -> None:
    typer.echo(f"flowctl init: {reason}", err=True)
    raise typer.Exit(2)
