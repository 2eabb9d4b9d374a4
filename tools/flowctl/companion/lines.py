"""The companion driven by a program: what happens is a line of JSON each, and so is what is to be done."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from tools.agent import AgentClient, Event, Lost, Refused, State
from tools.flowctl.companion.companion import Ended, Front, Item, Popped, Trouble

LONGEST = 16 * 1024
"""Bytes of a line from the program."""

_FIELDS: dict[str, dict[str, type]] = {
    "accept": {"call": str},
    "reject": {"call": str},
    "unavailable": {"reason": str},
    "available": {},
    "call": {"number": str, "record": bool},
    "close": {},
}
_NEEDED = {"call", "number"}


def document_of(item: Item) -> dict[str, Any]:
    """As JSON; what the server says is as the server says it, and what is empty is left out."""
    match item:
        case Event():
            fields = {name: value for name, value in asdict(item).items() if value and name != "letter"}
            return {"type": "event", "event": item.letter, **fields}
        case State():
            return {"type": "state", **{name: value for name, value in asdict(item).items() if value}}
        case Refused():
            return {"type": "error", **asdict(item)}
        case Lost():
            return {"type": "lost", **{name: value for name, value in asdict(item).items() if value}}
        case Popped():
            return {"type": "screen_pop", **{name: value for name, value in asdict(item).items() if value}}
        case Trouble():
            return {"type": "trouble", **asdict(item)}
        case Ended():
            said = item.said.message if isinstance(item.said, Refused) else item.said.reason if item.said else ""
            return {"type": "ended", "why": item.why, **({"reason": said} if said else {})}


class LinesFront(Front):
    """Writes to the descriptor `out` and, after `start`, does what the lines say that come by the descriptor
    `commands`; at their end it logs out."""

    def __init__(self, client: AgentClient, commands: int, out: int) -> None:
        self._client = client
        self._commands = commands
        self._out = out

    def show(self, item: Item) -> None:
        self._say(document_of(item))

    def start(self) -> None:
        """A thread of its own reads, since not all that may be a standard input can be waited for otherwise."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        rest = b""
        with suppress(OSError, RuntimeError):
            while data := os.read(self._commands, LONGEST):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    asyncio.run_coroutine_threadsafe(self._obey(line), loop).result()
                if len(rest) > LONGEST:
                    break
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()

    async def _obey(self, line: bytes) -> None:
        try:
            kind, identity, fields = _command(line)
        except ValueError as error:
            self._say({"type": "bad_command", "message": str(error)})
            return
        request: Callable[..., Awaitable[bool]] = getattr(self._client, kind)
        try:
            sent = await request(**fields)
        except ValueError as error:
            self._say({"type": "bad_command", "message": str(error)})
            return
        answer = {"type": "sent", "request": kind, "sent": sent}
        self._say(answer if identity is None else {**answer, "id": identity})

    def _say(self, document: dict[str, Any]) -> None:
        data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with suppress(OSError):
            while data:
                data = data[os.write(self._out, data) :]


def _command(line: bytes) -> tuple[str, Any, dict[str, Any]]:
    """Kind, id, fields. Raises ValueError."""
    try:
        document = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise ValueError("a command is a JSON object in a line") from None
    kind = document.pop("type", None) if isinstance(document, dict) else None
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise ValueError(f"a command has a type: {', '.join(_FIELDS)}")
    identity = document.pop("id", None)
    for name, value in document.items():
        if name not in fields or not isinstance(value, fields[name]):
            raise ValueError(f"{kind} has no such {name}")
    missing = _NEEDED & fields.keys() - document.keys()
    if missing:
        raise ValueError(f"{kind} needs {missing.pop()}")
    return str(kind), identity, document
