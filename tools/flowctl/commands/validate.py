"""`flowctl validate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tools.flowctl.reports import FORMATS

if TYPE_CHECKING:
    from engine.scenario.check import CheckResult
    from engine.scenario.diagnostics import Diagnostic
    from tools.flowctl.reports.baseline import Compared
    from tools.flowctl.reports.sarif import Silenced

app = typer.Typer(add_completion=False)

MANY = 20
"""More files than this have a progress bar."""


@app.command(epilog="Examples: flowctl validate flows · flowctl validate scenario.yaml --format json --strict")
def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files, or folders searched for *.yaml; by default this folder."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    info: Annotated[bool, typer.Option("--info", help="Tell information too, which never counts.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="ID", help="Print what a rule is about, and nothing else.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Hide the findings that this file names.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write the findings there; exit 0.")
    ] = None,
) -> None:
    """Say every mistake in scenarios, with line and column. Exit 0: none, 1: some, 2: could not run."""
    if explain is not None:
        _explain(explain)
        return
    if output not in FORMATS:
        _cannot(f"--format is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {output!r}")
    results = _check(paths or [Path()])
    told = ("error", "warning", *(("information",) if info else ()))
    findings = [found for result in results for found in result.diagnostics if found.severity in told]
    if write is not None:
        _write(write, findings)
        return
    compared = _compare(baseline, findings)
    silenced = [(found, "inSource") for result in results for found in result.silenced if found.severity in told]
    _report(output, compared, silenced)
    if output == "text":
        typer.echo(_summary(len(results), compared, len(silenced)), err=True)
    counted = ("error", "warning") if strict else ("error",)
    if any(found.severity in counted for found in compared.new):
        raise typer.Exit(1)


def _check(wanted: Sequence[Path]) -> list[CheckResult]:
    from engine.scenario.check import check_files
    from engine.scenario.load import walk_files

    for path in wanted:
        if not path.exists():
            _cannot(f"{path}: no such file or folder")
    files = list(dict.fromkeys(walk_files(wanted)))
    if not files:
        _cannot(f"no *.yaml below {', '.join(map(str, wanted))}")
    with _progress(len(files)) as on_checked:
        return check_files(files, on_checked)


@contextmanager
def _progress(files: int) -> Iterator[Callable[[Path], None] | None]:
    """A bar on standard error, for many files and on a terminal; else None."""
    if files <= MANY or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=files)
        yield lambda _: progress.advance(task)


def _report(output: str, compared: Compared, silenced: Sequence[Silenced]) -> None:
    if output == "sarif":
        from tools.flowctl.reports.sarif import as_sarif

        hidden = [(found, "external") for found in compared.hidden]
        sys.stdout.write(as_sarif(compared.new, [*silenced, *hidden]))
    elif output == "github":
        from tools.flowctl.reports.github import as_github

        sys.stdout.write(as_github(compared.new))
    else:
        from tools.flowctl.render import render

        render(compared.new, "json" if output == "json" else "text")


def _compare(baseline: Path | None, findings: list[Diagnostic]) -> Compared:
    from engine.errors import ConfigurationError
    from tools.flowctl.reports.baseline import Compared, compare

    if baseline is None:
        return Compared(findings, [], 0)
    try:
        return compare(baseline, findings)
    except ConfigurationError as error:
        _cannot(str(error))


def _write(path: Path, findings: list[Diagnostic]) -> None:
    from tools.flowctl.reports.baseline import write_baseline

    try:
        number = write_baseline(path, findings)
    except OSError as error:
        _cannot(f"{path}: {error.strerror or error}")
    typer.echo(f"{path}: {_number(number, 'finding')} written", err=True)


def _explain(rule_id: str) -> None:
    from engine.scenario.rules.registry import rules
    from engine.scenario.suggest import did_you_mean
    from tools.docs.rule_pages import rule_page

    rule = rules().get(rule_id.upper())
    if rule is None:
        _cannot(f"there is no rule {rule_id}; {did_you_mean(rule_id, rules()) or 'docs/rules lists them'}")
    typer.echo(rule_page(rule), nl=False)


def _summary(files: int, compared: Compared, silenced: int) -> str:
    severities = [found.severity for found in compared.new]
    counts = [
        _number(number, word) if word != "information" else f"{number} for information"
        for word in ("error", "warning", "information")
        if (number := severities.count(word))
    ]
    parts = [f"{_number(files, 'file')} checked: {', '.join(counts) or 'nothing to complain about'}"]
    if silenced:
        parts.append(f"{silenced} silenced by comments")
    if compared.hidden:
        parts.append(f"{len(compared.hidden)} hidden by the baseline")
    if compared.gone:
        parts.append(f"{compared.gone} of the baseline no longer found: write it again")
    return "; ".join(parts)


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl validate: {reason}", err=True)
    raise typer.Exit(2)
