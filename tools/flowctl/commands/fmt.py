"""`flowctl fmt`."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(add_completion=False)

STDIN = Path("-")


@app.command(epilog="Examples: flowctl fmt · flowctl fmt flows --check --diff · flowctl fmt - < scenario.yaml")
def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, or folders searched for scenarios and their tests; by default this folder. `-` reads "
            "standard input and writes standard output.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when something would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Lay scenario files out the same way; comments and order stay. Exit 0: done, 1: --check found something to do,
    2: a file could not be read, or is no YAML, and was left alone."""
    changed = failed = 0
    for path in _files(paths or [Path()]):
        try:
            before = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
            after = _formatted(before, path)
            if after is None:
                failed += 1
                continue
            changed += after != before
            _put(path, before, after, check=check, diff=diff)
        except OSError as error:
            typer.echo(f"flowctl fmt: {path}: {error.strerror or error}", err=True)
            failed += 1
    if failed:
        raise typer.Exit(2)
    if check and changed:
        raise typer.Exit(1)


def _put(path: Path, before: bytes, after: bytes, *, check: bool, diff: bool) -> None:
    """Show, write or just name what has changed."""
    if diff:
        sys.stdout.write(_difference(path, before, after))
    elif path == STDIN and not check:
        sys.stdout.buffer.write(after)
    elif after != before:
        if not check:
            _write(path, after)
        typer.echo(f"{path}: {'would be formatted' if check else 'formatted'}", err=True)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    from engine.scenario.load import walk_files

    found: dict[Path, None] = {}
    for path in paths:
        if path != STDIN and not path.exists():
            _cannot(f"{path}: no such file or folder")
        tests = path.rglob("*.test.yaml") if path.is_dir() else ()
        visible = (test for test in tests if not any(part.startswith(".") for part in test.relative_to(path).parts))
        found.update(dict.fromkeys(sorted([*walk_files([path]), *visible])))
    if not found:
        _cannot("no *.yaml there")
    return iter(found)


def _formatted(before: bytes, path: Path) -> bytes | None:
    """The content in its layout; None, with the reason on standard error, when it is left as it is."""
    from tools.flowctl.formatter import Refused, formatted
    from tools.flowctl.render import as_text

    try:
        return formatted(before, "standard input" if path == STDIN else str(path)).encode()
    except Refused as refused:
        for finding in refused.findings:
            typer.echo(as_text(finding), err=True)
        typer.echo(f"flowctl fmt: {refused}", err=True)
        return None


def _difference(path: Path, before: bytes, after: bytes) -> str:
    old, new = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (before, after))
    return "".join(difflib.unified_diff(old, new, str(path), f"{path} (formatted)"))


def _write(path: Path, content: bytes) -> None:
    """Put a content in the place of a file at once, so that nobody ever reads half of it."""
    place = path.resolve()
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            shutil.copymode(place, file.name)
            Path(file.name).replace(place)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _cannot(reason: str) -> NoReturn:
    typer.echo(f"flowctl fmt: {reason}", err=True)
    raise typer.Exit(2)
