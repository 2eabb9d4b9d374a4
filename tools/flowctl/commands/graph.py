"""`flowctl graph`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

if TYPE_CHECKING:
    from tools.flowctl.graph.layout import Direction
    from tools.flowctl.graph.model import Graph

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: flowctl graph flows/call_centre/scenario.yaml --output call_centre.svg")
def graph(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.", show_default=False)],
    output_format: Annotated[str, typer.Option("--format", help="svg, dot or mermaid.")] = "svg",
    output: Annotated[Path | None, typer.Option(help="File to write; by default standard output.")] = None,
    coverage: Annotated[
        Path | None, typer.Option(help="What `flowctl test --coverage-file` wrote: shows what tests walk.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option(help="TB: from the top down. LR: from left to right. By default what fits a page.")
    ] = None,
) -> None:
    """Draw a scenario, also one with mistakes. Exit 0: drawn, 2: there is nothing to draw."""
    if output_format not in ("svg", "dot", "mermaid"):
        _cannot(f"--format is svg, dot or mermaid, not {output_format!r}")
    if direction not in (None, "TB", "LR"):
        _cannot(f"--direction is TB or LR, not {direction!r}")
    drawn = _graph(scenario, coverage)
    text = _text(drawn, output_format, cast("Direction | None", direction))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        _cannot(f"{output}: {error.strerror or error}")


def _graph(scenario: Path, coverage: Path | None) -> Graph:
    from engine.errors import ConfigurationError
    from engine.scenario.check import check, draft_of
    from engine.scenario.project import Project
    from tools.flowctl.graph.coverage import read_coverage, with_coverage
    from tools.flowctl.graph.model import make_graph

    draft = draft_of(scenario, None, Project.around(scenario))
    if draft is None or not draft.names:
        found = check(scenario).errors
        _cannot(f"{scenario}:{found[0].line}: {found[0].message}" if found else f"{scenario}: there are no nodes")
    drawn = make_graph(draft)
    if coverage is None:
        return drawn
    try:
        return with_coverage(drawn, read_coverage(coverage, scenario))
    except ConfigurationError as error:
        _cannot(str(error))


def _text(drawn: Graph, output_format: str, direction: Direction | None) -> str:
    if output_format == "dot":
        from tools.flowctl.graph.dot import to_dot

        return to_dot(drawn, direction or "TB")
    if output_format == "mermaid":
        from tools.flowctl.graph.mermaid import to_mermaid

        return to_mermaid(drawn, direction or "TB")
    from tools.flowctl.graph.sketch import sketch
    from tools.flowctl.graph.svg import to_svg

    return to_svg(sketch(drawn, direction))


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl graph: {reason}", err=True)
    raise typer.Exit(2)
