"""`flowctl diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from tools.flowctl.comparison.compare import Change, Comparison
    from tools.flowctl.comparison.flow import Flow

app = typer.Typer(add_completion=False)

SHOWN = 25
"""Changes that are printed without --all."""

SURROUNDINGS = frozenset({"E1009", "E1010", "E1012", "E3001", "E3002", "E3004", "E3005", "E5001", "E5002"})
"""Rules about what is around a file, which an old version of it, taken from somewhere, may not have any more."""


@app.command(epilog="Example: flowctl diff yesterday.yaml flows/call_centre/scenario.yaml")
def diff(
    old: Annotated[Path, typer.Argument(help="Scenario file as it was.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="Scenario file as it is.", show_default=False)],
    output: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    everything: Annotated[bool, typer.Option("--all", help=f"Show more than {SHOWN} changes.")] = False,
) -> None:
    """Say which callers' paths appear, vanish or change. Exit 0: none, 1: some, 2: could not run."""
    import json
    from dataclasses import asdict

    from tools.flowctl.comparison.compare import compare

    if output not in ("text", "json"):
        _cannot(f"--format is text or json, not {output!r}")
    found = compare(_flow(old), _flow(new))
    if output == "json":
        typer.echo(json.dumps([asdict(change) for change in found.changes], indent=2, ensure_ascii=False))
    else:
        _print(found, old, new, everything=everything)
    raise typer.Exit(1 if found.changes else 0)


def _flow(path: Path) -> Flow:
    from engine.scenario.check import check
    from tools.flowctl.comparison.flow import make_flow

    result = check(path)
    errors = [found for found in result.errors if found.rule not in SURROUNDINGS]
    if result.draft is None or errors:
        first = f": {errors[0].file}:{errors[0].line}: {errors[0].rule}: {errors[0].message}" if errors else ""
        _cannot(f"{path} has mistakes, so nobody can tell what callers meet{first}")
    return make_flow(result.draft)


def _print(found: Comparison, old: Path, new: Path, *, everything: bool) -> None:
    shown = found.changes if everything else found.changes[:SHOWN]
    for change in shown:
        _print_change(change, old, new)
    if len(shown) < len(found.changes):
        typer.echo(f"… and {len(found.changes) - len(shown)} more: --all shows them")
    if found.renamed:
        names = ", ".join(f"{before} → {after}" for before, after in found.renamed)
        typer.echo(f"renamed, which no caller notices: {names}")
    number = len(found.changes)
    counted = f"{number} change{'s' if number != 1 else ''}" if number else "no difference"
    typer.echo(f"{counted} for callers", err=True)


def _print_change(change: Change, old: Path, new: Path) -> None:
    typer.echo(f"{change.change}: {change.condition}")
    if change.before is not None:
        typer.echo(f"    before: {change.before}")
    if change.after is not None:
        typer.echo(f"    {'after: ' if change.before is not None else ''}{change.after}")
    places = [f"{path}:{line}" for path, line in ((old, change.line_old), (new, change.line_new)) if line is not None]
    typer.echo(f"    {' → '.join(places)}")


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl diff: {reason}", err=True)
    raise typer.Exit(2)
