"""`flowctl simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.scenario.compile import CompiledScenario
    from engine.scenario.diagnostics import Diagnostic
    from engine.scenario.project import Project
    from tools.flowctl.simulator.run import Plan, Simulation

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: flowctl simulate flows/call_centre/scenario.yaml --at 2027-07-13T10:00 "
    "--agents 'support=201:accept@4s' --format json"
)
def simulate(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.", show_default=False)],
    did: Annotated[str | None, typer.Option(help="Called number; by default the scenario's first.")] = None,
    cli: Annotated[str | None, typer.Option(help="Calling number; by default 0143670903.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Date and time of the call, in the scenario's zone: 2027-07-14T10:00.")
    ] = None,
    press: Annotated[str | None, typer.Option(help="Keys, each pressed when a node next takes input: 14#.")] = None,
    agents: Annotated[
        str | None,
        typer.Option(
            help="CENTRE=nobody|timeout|transferred or CENTRE=CODE:accept|reject|ignore@DELAY,…; more after a ;"
        ),
    ] = None,
    script: Annotated[Path | None, typer.Option(help="File with at, call, agents and the caller's steps.")] = None,
    output: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Run a scenario without a telephone, on a virtual clock.

    On a terminal, without --press and --script, you are the caller: type keys, decide what agents do.
    """
    import sys

    from engine.errors import ConfigurationError
    from tools.flowctl.simulator.numbers import dial_plan_of
    from tools.flowctl.simulator.run import simulate as run

    if output not in ("text", "json"):
        _cannot("--format is text or json")
    project, compiled = _compiled(scenario, output)
    try:
        plan = _plan(did, cli, at, press, agents, script)
        plan.catalogue, plan.directory = _surroundings(compiled, project, output), project.directory
        plan.dialling = dial_plan_of(project)
    except ConfigurationError as error:
        _cannot(str(error))
    if output == "text" and not plan.steps and press is None and script is None and sys.stdin.isatty():
        _make_live(plan, compiled)
    try:
        simulation = run(compiled, plan)
    except KeyboardInterrupt:
        typer.echo("\ninterrupted", err=True)
        raise typer.Exit(130) from None
    _print(simulation, output)
    if simulation.unmet is not None:
        typer.echo(f"the call ended before the caller's step: {simulation.unmet}", err=True)
    raise typer.Exit(1 if simulation.unmet is not None or simulation.record.result == "failed" else 0)


def _cannot(message: str) -> NoReturn:
    typer.echo(f"flowctl simulate: {message}", err=True)
    raise typer.Exit(2)


def _compiled(path: Path, output: str) -> tuple[Project, CompiledScenario]:
    """The scenario with what is around it, or its errors and exit 1."""
    from engine.scenario.check import check
    from engine.scenario.project import Project

    if not path.is_file():
        _cannot(f"{path}: no such file")
    project = Project.around(path)
    result = check(path, project=project)
    if result.compiled is None:
        _refuse(result.errors, output)
    return project, result.compiled


def _surroundings(compiled: CompiledScenario, project: Project, output: str) -> Mapping[str, CompiledScenario]:
    """The scenarios that it calls, or their errors and exit 1."""
    from engine.scenario.check import called_scenarios

    catalogue, errors = called_scenarios(compiled, project)
    if errors:
        _refuse(errors, output)
    return catalogue


def _refuse(errors: list[Diagnostic], output: str) -> NoReturn:
    from tools.flowctl.render import render

    render(errors, "json" if output == "json" else "text")
    raise typer.Exit(1)


def _plan(
    did: str | None,
    cli: str | None,
    at: str | None,
    press: str | None,
    agents: str | None,
    script: Path | None,
) -> Plan:
    """The story of the script, with what the command line says in its stead. Without a time it is now."""
    from tools.flowctl.simulator import caller, people
    from tools.flowctl.simulator.story import Story, moment, story_of_file

    story = story_of_file(script) if script else Story()
    plan = story.plan()
    plan.at = moment(at) if at else story.at
    plan.did = did or plan.did
    plan.cli = plan.cli if cli is None else cli
    plan.people = {**plan.people, **(people.parse_spec(agents) if agents else {})}
    plan.steps = [*plan.steps, *caller.from_keys(press or "")]
    return plan


def _make_live(plan: Plan, scenario: CompiledScenario) -> None:
    from rich.console import Console

    from tools.flowctl.simulator.live import LiveCaller
    from tools.flowctl.simulator.texts import Texts

    texts = Texts((scenario, *plan.catalogue.values()))
    live = LiveCaller(Console(highlight=False), texts, plan.directory)
    plan.watch = live.watch
    plan.ask_agents = live.ask_agents


def _print(simulation: Simulation, output: str) -> None:
    import json

    if output == "json":
        typer.echo(json.dumps(simulation.as_dict(), ensure_ascii=False, default=str))
        return
    from rich.console import Console
    from rich.table import Table

    record = simulation.record
    table = Table("at", "node", "type", "outcome", box=None, pad_edge=False)
    for step in record.path:
        table.add_row(f"{step.at:.1f} s", step.node, step.type, step.outcome or "-")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"heard: {', '.join(simulation.heard) or 'nothing'}", markup=False)
    for warning in record.warnings:
        console.print(f"warning: {warning}", markup=False)
    reason = f" ({record.reason})" if record.reason else ""
    console.print(f"result: {record.result}{reason} after {record.duration:.1f} s", markup=False)
