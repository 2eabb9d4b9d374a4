"""`flowctl serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, speak

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: flowctl serve --config /etc/flowctl/server.yaml")
def serve(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")
    ] = None,
    log_format: Annotated[str, typer.Option("--log-format", help="text or json, on standard error.")] = "text",
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Answer calls until interrupted; calls in progress may then finish."""
    import asyncio

    from engine.errors import EngineError

    speak("serve", language)
    try:
        from engine.server import logs
        from engine.server.composition import run_server
        from engine.server.settings import Settings
    except ImportError as error:
        install = "pip install 'flowctl[server,sip]'"
        refuse("serve", _("{error}; a server needs `{command}`").format(error=error, command=install))
    if log_format not in ("text", "json"):
        refuse("serve", _("--log-format is {choices}").format(choices="text | json"))
    form: logs.Format = "json" if log_format == "json" else "text"
    logs.configure(form)
    # Numbers and voices of callers are in what the server and its workers write: nobody else's business.
    os.umask(0o077)
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    try:
        settings = Settings.load(config)
        speak("serve", language, settings)
        with logs.kept(settings, form):
            asyncio.run(run_server(settings, on_ready=_say_ready))
    except (EngineError, OSError) as error:
        refuse("serve", str(error))
    typer.echo(_("stopped"))


def _say_ready(summary: str) -> None:
    # In English whatever the language: programs wait for this word.
    typer.echo(f"ready: {summary}")
    sys.stdout.flush()
