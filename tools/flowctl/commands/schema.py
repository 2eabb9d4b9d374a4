"""`flowctl schema`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: flowctl schema > scenario.schema.json")
def schema(
    name: Annotated[str, typer.Argument(help="Which schema: scenario.")] = "scenario",
) -> None:
    """Print the JSON Schema of scenario files (draft-07, for editors)."""
    if name != "scenario":
        typer.echo(f"flowctl schema: there is no schema {name!r}; there is: scenario", err=True)
        raise typer.Exit(2)
    from engine.scenario.schema import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))
