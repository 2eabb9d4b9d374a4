"""`flowctl serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: flowctl serve --config /etc/flowctl/server.yaml")
def serve(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    log_format: Annotated[str, typer.Option("--log-format", help="text or json, on standard error.")] = "text",
) -> None:
    """Answer calls until interrupted; calls in progress may then finish."""
    import asyncio

    from engine.errors import EngineError

    try:
        from engine.server import logs
        from engine.server.composition import run_server
        from engine.server.settings import Settings
    except ImportError as error:
        typer.echo(f"flowctl serve: {error}; the server needs `pip install 'flowctl[server,sip]'`", err=True)
        raise typer.Exit(2) from error

    if log_format not in ("text", "json"):
        typer.echo("flowctl serve: --log-format is text or json", err=True)
        raise typer.Exit(2)
    form: logs.Format = "json" if log_format == "json" else "text"
    logs.configure(form)
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    try:
        settings = Settings.load(config)
        with logs.kept(settings, form):
            asyncio.run(run_server(settings, on_ready=_say_ready))
    except (EngineError, OSError) as error:
        typer.echo(f"flowctl serve: {error}", err=True)
        raise typer.Exit(2) from error


def _say_ready(summary: str) -> None:
    typer.echo(f"ready: {summary}")
    sys.stdout.flush()
