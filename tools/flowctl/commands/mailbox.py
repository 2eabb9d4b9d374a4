"""`flowctl mailbox`."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tools.flowctl.people import refuse

if TYPE_CHECKING:
    from engine.outside.mailboxes import KeptMailboxes
    from engine.outside.ports import Message
    from engine.server.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The messages of mailboxes.")

T = TypeVar("T")
Config = Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here, if there is one.")]
Format = Annotated[str, typer.Option("--format", help="text or json.")]
Name = Annotated[str, typer.Argument(metavar="MAILBOX", help="As the settings call it.")]
Id = Annotated[str, typer.Argument(metavar="MESSAGE", help="As `flowctl mailbox messages` shows it.")]


@app.command("list", epilog="Example: flowctl mailbox list")
def list_(config: Config = None, format_: Format = "text") -> None:
    """The mailboxes that may be listened to, and how many messages are in each."""
    _check(format_)

    async def count(settings: Settings, boxes: KeptMailboxes) -> dict[str, list[Message]]:
        return {name: list(await boxes.messages(name)) for name in settings.mailboxes}

    found = _run(config, count)
    rows = [
        {"mailbox": name, "messages": len(messages), "new": sum(not message.heard for message in messages)}
        for name, messages in found.items()
    ]
    if format_ == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['mailbox']:16} {row['messages']} messages, {row['new']} new")
    if not rows:
        typer.echo("no mailbox may be listened to: name it in the setting mailboxes")


@app.command(epilog="Example: flowctl mailbox messages sales")
def messages(mailbox: Name, config: Config = None, format_: Format = "text") -> None:
    """The messages of a mailbox, new ones first."""
    _check(format_)

    async def look(_: Settings, boxes: KeptMailboxes) -> list[Message]:
        return list(await boxes.messages(mailbox))

    found = _run(config, look)
    if format_ == "json":
        typer.echo(json.dumps([_as_json(message) for message in found], ensure_ascii=False, indent=2))
        return
    for message in found:
        when = message.received.astimezone().strftime("%Y-%m-%d %H:%M") if message.received else "?"
        typer.echo(f"{message.id}  {when}  {message.cli or 'unknown':20} {'' if message.heard else 'new'}".rstrip())
    if not found:
        typer.echo("no messages")


@app.command(epilog="Example: flowctl mailbox save sales 20270131T100000000000-4f1c --to message.wav")
def save(
    mailbox: Name,
    message: Id,
    to: Annotated[Path, typer.Option(help="WAV file to write; it must not exist.")],
    config: Config = None,
) -> None:
    """Copy a message into a WAV file. It stays as new as it is."""

    async def copy(_: Settings, boxes: KeptMailboxes) -> None:
        source = boxes.path(mailbox, message)
        if to.exists():
            refuse("mailbox", f"{to} exists already")
        await asyncio.to_thread(shutil.copyfile, source, to)

    _run(config, copy)


@app.command(epilog="Example: flowctl mailbox delete sales 20270131T100000000000-4f1c")
def delete(mailbox: Name, message: Id, config: Config = None) -> None:
    """Delete a message for good."""

    async def remove(_: Settings, boxes: KeptMailboxes) -> None:
        if not boxes.path(mailbox, message).exists():
            refuse("mailbox", f"mailbox {mailbox} has no message {message}")
        await boxes.delete(mailbox, message)

    _run(config, remove)


def _check(format_: str) -> None:
    if format_ not in ("text", "json"):
        refuse("mailbox", "--format is text or json")


def _run(config: Path | None, work: Callable[[Settings, KeptMailboxes], Coroutine[Any, Any, T]]) -> T:
    """What goes wrong ends the command with 2."""
    from engine.errors import EngineError

    try:
        from engine.audio.recordings import FOLDER
        from engine.outside.mailboxes import KeptMailboxes
        from engine.server.settings import Settings
    except ImportError as error:
        refuse("mailbox", f"{error}; the settings need `pip install 'flowctl[server]'`")
    here = Path("server.yaml")
    try:
        settings = Settings.load(config or (here if here.is_file() else None))
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
