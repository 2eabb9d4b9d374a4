"""`flowctl mailbox`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from engine.messages import _, _n
from tools.flowctl.speaking import HELP, refuse, settings_of

if TYPE_CHECKING:
    from engine.outside.mailboxes import KeptMailboxes
    from engine.outside.ports import Message
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The messages of mailboxes.")

T = TypeVar("T")
Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
InLanguage = Annotated[str | None, typer.Option("--language", help=HELP)]
Name = Annotated[str, typer.Argument(metavar="MAILBOX", help="As the settings call it.")]
Id = Annotated[str, typer.Argument(metavar="MESSAGE", help="As `flowctl mailbox messages` shows it.")]


@app.command("list", epilog="Example: flowctl mailbox list")
def list_(config: Config = None, format_: Format = "text", language: InLanguage = None) -> None:
    """The mailboxes that may be listened to, and how many messages are in each."""

    async def count(settings: Settings, boxes: KeptMailboxes) -> dict[str, list[Message]]:
        return {name: list(await boxes.messages(name)) for name in settings.mailboxes}

    found = _run(config, language, count, format_)
    rows = [
        {"mailbox": name, "messages": len(messages), "new": sum(not message.heard for message in messages)}
        for name, messages in found.items()
    ]
    if format_ == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for name, messages in found.items():
        said = _n("{count} message, {new} new", "{count} messages, {new} new", len(messages))
        new = sum(not message.heard for message in messages)
        typer.echo(f"{name:16} {said.format(count=len(messages), new=new)}")
    if not rows:
        typer.echo(_("no mailbox may be listened to: name it in the setting mailboxes"))


@app.command(epilog="Example: flowctl mailbox messages sales")
def messages(mailbox: Name, config: Config = None, format_: Format = "text", language: InLanguage = None) -> None:
    """The messages of a mailbox, new ones first."""

    async def look(settings: Settings, boxes: KeptMailboxes) -> tuple[list[Message], Settings]:
        return list(await boxes.messages(mailbox)), settings

    found, settings = _run(config, language, look, format_)
    if format_ == "json":
        typer.echo(json.dumps([_as_json(message) for message in found], ensure_ascii=False, indent=2))
        return
    for message in found:
        when = message.received.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M") if message.received else "?"
        who, new = message.cli or _("unknown"), "" if message.heard else _("new")
        typer.echo(f"{message.id}  {when}  {who:20} {new}".rstrip())
    if not found:
        typer.echo(_("no messages"))


@app.command(epilog="Example: flowctl mailbox save sales 20270131T100000000000-4f1c --to message.wav")
def save(
    mailbox: Name,
    message: Id,
    to: Annotated[Path, typer.Option(help="WAV file to write; it must not exist.")],
    config: Config = None,
    language: InLanguage = None,
) -> None:
    """Copy a message into a WAV file. It stays as new as it is."""

    async def copy(_: Settings, boxes: KeptMailboxes) -> None:
        source = boxes.path(mailbox, message)
        await asyncio.to_thread(_copy, source, to, mailbox)

    _run(config, language, copy)


@app.command(epilog="Example: flowctl mailbox delete sales 20270131T100000000000-4f1c")
def delete(mailbox: Name, message: Id, config: Config = None, language: InLanguage = None) -> None:
    """Delete a message for good."""

    async def remove(_: Settings, boxes: KeptMailboxes) -> None:
        if not boxes.path(mailbox, message).is_file():
            _no_message(mailbox, message)
        await boxes.delete(mailbox, message)

    _run(config, language, remove)


def _copy(source: Path, to: Path, mailbox: str) -> None:
    """Nobody but the user may read the copy, as it is with the message."""
    if not source.is_file():
        _no_message(mailbox, source.stem)
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        refuse("mailbox", _("{file} exists already").format(file=to))
    with os.fdopen(descriptor, "wb") as copy, source.open("rb") as message:
        shutil.copyfileobj(message, copy)


def _no_message(mailbox: str, message: str) -> NoReturn:
    refuse("mailbox", _("mailbox {mailbox} has no message {message}").format(mailbox=mailbox, message=message))


def _run(
    config: Path | None,
    language: str | None,
    work: Callable[[Settings, KeptMailboxes], Coroutine[Any, Any, T]],
    format_: str = "text",
) -> T:
    """What goes wrong ends the command with 2."""
    from engine.errors import EngineError

    settings = settings_of("mailbox", config, language=language, format_=format_)
    from engine.audio.recordings import FOLDER
    from engine.outside.mailboxes import KeptMailboxes

    try:
        # No PIN is asked for here: whoever runs this may read the files.
        boxes = KeptMailboxes(settings.data / FOLDER, dict.fromkeys(settings.mailboxes, ""))
        return asyncio.run(work(settings, boxes))
    except (EngineError, OSError) as error:
        refuse("mailbox", str(error))


def _as_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "received": message.received.isoformat(timespec="seconds") if message.received else None,
        "cli": message.cli,
        "heard": message.heard,
    }
