"""`flowctl test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.flowctl.testing.coverage import Coverage
    from tools.flowctl.testing.runner import SuiteRun

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: flowctl test flows · flowctl test flows --coverage --threshold 100 --junit report.xml · "
    "flowctl records --id ID --format json | flowctl test --from-record - > new.test.yaml"
)
def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files, or folders searched for *.test.yaml; by default this one."),
    ] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Say which nodes and edges were not walked.")] = False,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Least coverage of every scenario, in percent; less is exit 1."),
    ] = None,
    coverage_file: Annotated[
        Path | None, typer.Option(help="Write the counts here, for flowctl graph --coverage.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report here.")] = None,
    output: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    only: Annotated[str | None, typer.Option("-k", help="Run the tests that have this text in their name.")] = None,
    from_record: Annotated[
        Path | None,
        typer.Option(
            help="Print a test of a recorded call: a file that records or simulate --format json has printed, or -."
        ),
    ] = None,
    call: Annotated[str | None, typer.Option(help="With --from-record: id of the call; by default the last.")] = None,
) -> None:
    """Run the tests beside scenarios. Exit 0: all passed, 1: some failed, 2: could not run."""
    if output not in ("text", "json"):
        _cannot(f"--format is text or json, not {output!r}")
    for path in paths or ():
        if not path.exists():
            _cannot(f"{path}: no such file or folder")
    if from_record is not None:
        _from_record(from_record, call, paths or [])
        return
    runs = _run(paths or [Path()], only, output)
    counted = _counted(runs) if coverage or threshold is not None or coverage_file is not None else None
    _print(runs, counted, output)
    _write(runs, counted, junit, coverage_file)
    low = [found for found in counted.scenarios if found.percent < threshold] if counted and threshold else []
    for found in low:
        typer.echo(f"{found.file}: coverage is {found.percent:g} %, less than {threshold:g} %", err=True)
    if low or not all(run.passed for run in runs):
        raise typer.Exit(1)


def _run(paths: list[Path], only: str | None, output: str) -> list[SuiteRun]:
    import logging

    from engine.errors import ConfigurationError
    from tools.flowctl.testing.runner import run_suite
    from tools.flowctl.testing.suite import find_files, read_suite

    # What goes wrong in a call is in the report.
    logging.getLogger("flowctl").addHandler(logging.NullHandler())
    files = list(dict.fromkeys(find_files(paths)))
    if not files:
        _cannot(f"no *.test.yaml below {', '.join(map(str, paths))}")
    runs = []
    try:
        for file in _with_progress(files, output):
            suite = read_suite(file)
            runs.append(run_suite(suite, lambda case: only is None or only in case.name))
    except ConfigurationError as error:
        _cannot(str(error))
    if only is not None and not any(run.cases or run.suite.findings for run in runs):
        _cannot(f"no test has {only!r} in its name")
    return runs


def _with_progress(files: list[Path], output: str) -> Iterator[Path]:
    """The files; on a terminal, with a bar that goes away."""
    import sys

    if output == "text" and len(files) > 1 and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(files, "testing", console=Console(stderr=True), transient=True)
    else:
        yield from files


def _counted(runs: list[SuiteRun]) -> Coverage:
    from tools.flowctl.testing.coverage import Coverage

    coverage = Coverage()
    for run in runs:
        if run.suite.subject is not None:
            coverage.add(run.suite.subject, [case.simulation for case in run.cases if case.simulation])
    return coverage


def _print(runs: list[SuiteRun], coverage: Coverage | None, output: str) -> None:
    import json
    import os
    import sys

    from tools.flowctl.testing.report import TextReport, as_dict, summary

    if output == "json":
        typer.echo(json.dumps(as_dict(runs, coverage), indent=2, ensure_ascii=False))
        return
    report = TextReport(colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    for run in runs:
        for line in report.suite(run):
            typer.echo(line)
    if coverage is not None:
        for line in report.coverage(coverage):
            typer.echo(line)
    typer.echo(summary(runs))


def _write(runs: list[SuiteRun], coverage: Coverage | None, junit: Path | None, coverage_file: Path | None) -> None:
    import json

    from tools.flowctl.testing.junit import as_junit

    try:
        if junit is not None:
            junit.write_text(as_junit(runs), encoding="utf-8")
        if coverage_file is not None and coverage is not None:
            coverage_file.write_text(json.dumps(coverage.as_dict(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        _cannot(f"{error.filename}: {error.strerror}")


def _from_record(file: Path, identity: str | None, paths: list[Path]) -> None:
    from engine.errors import ConfigurationError
    from tools.flowctl.testing.from_record import test_of_record

    try:
        text, same = test_of_record(file, identity, paths)
    except ConfigurationError as error:
        _cannot(str(error))
    typer.echo(text, nl=False)
    if not same:
        typer.echo("flowctl test: the test does not take the recorded path yet: see its first lines", err=True)
        raise typer.Exit(1)


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl test: {reason}", err=True)
    raise typer.Exit(2)
