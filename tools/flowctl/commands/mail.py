"""`flowctl mail`."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from engine.messages import N_, _, _n
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.outside.mail.probe import Step
    from engine.outside.mail.queue import Queued
    from engine.outside.mail.smtp import SmtpServer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Outgoing mail: try it, see what waits.")

Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
InLanguage = Annotated[str | None, typer.Option("--language", help=HELP)]

_STEPS = {
    "connect": N_("connect"),
    "hello": N_("greet"),
    "tls": N_("encrypt"),
    "login": N_("log in"),
    "sender": N_("sender"),
    "recipient": N_("recipient"),
    "message": N_("message"),
    "goodbye": N_("goodbye"),
}


@app.command(epilog="Example: flowctl mail test anne@example.com")
def test(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whom to send a mail to.")],
    config: Config = None,
    format_: Format = "text",
    language: InLanguage = None,
) -> None:
    """Send a mail now, and show each step of the conversation with the mail server. Nothing goes by the outbox. Exit
    status: 0 it was taken, 1 it was not, 2 it could not be tried."""
    from engine.errors import EngineError

    settings = settings_of("mail", config, language=language, format_=format_)
    try:
        from engine.outside.mail.addresses import sendable
        from engine.server.post import smtp_server

        if settings.mail is None:
            refuse("mail", _("no mail server is named: write the section `mail` of the settings"))
        to, server = sendable(address), smtp_server(settings)
    except (EngineError, ImportError) as error:
        refuse("mail", str(error))
    if format_ == "text":
        typer.echo(f"{server.host}:{server.port}, tls: {server.tls}")
    steps = asyncio.run(_try(server, to, show=format_ == "text"))
    if format_ == "json":
        typer.echo(json.dumps([asdict(step) for step in steps], ensure_ascii=False, indent=2))
    if not any(step.kind == "message" and step.good for step in steps):
        raise typer.Exit(1)


@app.command(epilog="Examples: flowctl mail queue   ·   flowctl mail queue --retry")
def queue(
    config: Config = None,
    retry: Annotated[bool, typer.Option("--retry", help="Let a running server try them all now.")] = False,
    format_: Format = "text",
    language: InLanguage = None,
) -> None:
    """Show the mails that wait, with what became of the last attempt, and where those are that were given up."""
    from engine.errors import EngineError
    from engine.outside.mail import queue as mails
    from engine.outside.mail.spool import FOLDER
    from engine.records.outbox import FILE

    settings = settings_of("mail", config, language=language, format_=format_)
    outbox, folder = settings.data / FILE, settings.data / FOLDER
    try:
        if retry:
            mails.retry(outbox)
        waiting, aside = mails.queued(outbox), mails.given_up(folder)
    except (EngineError, OSError) as error:
        refuse("mail", str(error))
    if format_ == "json":
        shown = {"waiting": [asdict(mail) for mail in waiting], "given_up": [str(path) for path in aside]}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    _show(waiting, settings.zone)
    if aside:
        text = _n("{count} mail was given up: see {folder}", "{count} mails were given up: see {folder}", len(aside))
        typer.echo(text.format(count=len(aside), folder=aside[0].parent))


async def _try(server: SmtpServer, to: str, *, show: bool) -> list[Step]:
    from engine.outside.mail.probe import probe

    steps = []
    message_id = f"<{uuid.uuid4().hex}@{server.sender[1].rpartition('@')[2]}>"
    async for step in probe(server, to, message_id):
        steps.append(step)
        if show:
            _show_step(step)
    return steps


def _show_step(step: Step) -> None:
    from engine.outside.mail.probe import ADVICE

    sign = "✓" if step.good else "✗"
    title, advice = _STEPS[step.kind], ADVICE[step.kind]
    typer.echo(f"{sign} {_(title):<16} {step.said} ({step.seconds * 1000:.0f} ms)")
    if not step.good:
        typer.echo(f"  → {_(advice)}")


def _show(waiting: Sequence[Queued], zone: ZoneInfo) -> None:
    text = _n("{count} mail waits", "{count} mails wait", len(waiting)) if waiting else _("no mail waits")
    typer.echo(text.format(count=len(waiting)))
    for mail in waiting:
        since = datetime.fromisoformat(mail.since).astimezone(zone) if mail.since else None
        typer.echo(f"{since:%Y-%m-%d %H:%M}  {mail.to}  {mail.subject[:60]}" if since else mail.id)
        if mail.attempts:
            due = datetime.fromtimestamp(mail.due, zone) if mail.due else datetime.now(zone)
            said = _("attempt {count}: {error}; next at {time}")
            typer.echo(f"    {said.format(count=mail.attempts, error=mail.error, time=f'{due:%H:%M:%S}')}")
