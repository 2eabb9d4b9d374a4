"""`flowctl schema`."""

from __future__ import annotations

import json

import typer

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    name: str = typer.Argument("scenario", help="Which schema: scenario."),
) -> None:
    """Print the JSON Schema of scenario files (draft-07, for editors)."""
    typer.echo(json.dumps({"name": name}))
