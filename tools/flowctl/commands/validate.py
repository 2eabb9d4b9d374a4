"""`flowctl validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from engine.scenario.check import CheckResult

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: flowctl validate flows · flowctl validate scenario.yaml --format json --strict")
def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files, or folders searched for *.yaml; by default this folder."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Say every mistake in scenarios, with line and column. Exit 0: none, 1: some, 2: could not run."""
    if output not in ("text", "json"):
        _cannot(f"--format is text or json, not {output!r}")
    from engine.scenario.check import check_files
    from engine.scenario.load import walk_files
    from tools.flowctl.render import render

    wanted = paths or [Path()]
    for path in wanted:
        if not path.exists():
            _cannot(f"{path}: no such file or folder")
    files = list(dict.fromkeys(walk_files(wanted)))
    if not files:
        _cannot(f"no *.yaml below {', '.join(map(str, wanted))}")
    results = check_files(files)
    render([found for result in results for found in result.diagnostics], "json" if output == "json" else "text")
    if output == "text":
        typer.echo(_summary(results), err=True)
    counted = ("error", "warning") if strict else ("error",)
    if any(found.severity in counted for result in results for found in result.diagnostics):
        raise typer.Exit(1)


def _summary(results: list[CheckResult]) -> str:
    severities = [found.severity for result in results for found in result.diagnostics]
    files = f"{len(results)} file{'s' if len(results) != 1 else ''}"
    counts = [
        f"{number} {severity}{'s' if number != 1 else ''}"
        for severity in ("error", "warning")
        if (number := severities.count(severity))
    ]
    return f"{files} checked: {', '.join(counts) or 'nothing to complain about'}"


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl validate: {reason}", err=True)
    raise typer.Exit(2)
