"""What is said on the agent link, version 1, as a client reads and writes it: docs/agent-link.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

VERSION = 1
PORT = 2957
MOST_FROM_SERVER, MOST_FROM_CLIENT = 256 * 1024, 16 * 1024
"""Bytes of a line."""

SESSION, WAITING, LETTERS = "AUDB", "?P", "AUDB?PHSTXFC"
"""Letters of events: answers to `open`; calls that may be accepted; all there are."""

_TEXTS = ("call", "cli", "caller", "did", "name", "company", "ident", "centre", "channel", "number", "reason", "ring")
_MOST_ARGUMENTS = 100


class ProtocolError(Exception):
    """The server says what is not of the protocol."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The server's first line. Seconds."""

    protocol: int
    timeout: float
    """Silence that means that the connection is lost."""


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered with `pong`."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something has happened; what is not known is empty."""

    letter: str
    """Of `LETTERS`; what they mean is in docs/agent-link.md."""
    call: str = ""
    """Id of the call."""
    cli: str = ""
    """The caller's number as presented."""
    caller: str = ""
    """The same in E.164."""
    did: str = ""
    """The number that was called."""
    name: str = ""
    """Of the caller, from the contacts, as `company` and `ident`."""
    company: str = ""
    ident: str = ""
    centre: str = ""
    channel: str = ""
    number: str = ""
    """That the agent called."""
    reason: str = ""
    """In clear; with `T` of a recorded call that the agent made, the file."""
    ring: str = ""
    """Name of the sound that announces the call."""
    command: str | tuple[str, ...] = ""
    """With `X`: a URL, or a program and its arguments."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the scenario, with `P`, `?` and `X`."""


@dataclass(frozen=True, slots=True)
class State:
    """What the agent is doing: `available`, `unavailable`, `offered`, `connecting`, `on_call`, `wrap_up`,
    `not_responding`."""

    state: str
    reason: str = ""
    rest: float = 0.0
    """Seconds of rest that are left."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not do what was asked, or ends the connection."""

    error: str
    message: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is lost: no call waits any more, as far as is known. The client connects again by itself."""

    reason: str
    why: str = ""
    """For those who say it in another language: `silent`, `closed`, `nonsense`, `unread`, or `network` where the
    reason is in the system's words; empty where it is the server's, in the agent's language."""


Message = Event | State | Refused | Lost
"""What an application gets."""


def read(line: bytes) -> Message | Hello | Ping | None:
    """A line of the server, without or with its line feed; None for one that needs no attention, which is also what
    later versions may say. Raises ProtocolError, which repeats nothing of the line."""
    try:
        document = json.loads(line.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ProtocolError("the server says what is not JSON") from None
    if not isinstance(document, dict):
        raise ProtocolError("the server says what is no object")
    match document.get("type"):
        case "event":
            return _event(document) if document.get("event") in tuple(LETTERS) else None
        case "state":
            return State(_text(document, "state"), _text(document, "reason"), _seconds(document, "rest", 0.0))
        case "error":
            return Refused(_text(document, "error"), _text(document, "message"))
        case "hello":
            protocol = document.get("protocol")
            if not isinstance(protocol, int):
                raise ProtocolError("the server does not say which protocol it speaks")
            return Hello(protocol, _seconds(document, "timeout", 15.0))
        case "ping":
            return Ping()
        case _:
            return None


def request(kind: str, **fields: Any) -> bytes:
    """A line for the server. Raises ValueError for one that is too long."""
    line = json.dumps({"type": kind, **fields}, separators=(",", ":")).encode() + b"\n"
    if len(line) > MOST_FROM_CLIENT:
        raise ValueError(f"a request has {MOST_FROM_CLIENT} bytes at most")
    return line


def _event(document: dict[str, Any]) -> Event:
    texts = {name: _text(document, name) for name in _TEXTS}
    return Event(document["event"], **texts, command=_command(document), variables=_variables(document))


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str):
        raise ProtocolError(f"the server's {name} is no text")
    return _whole(value)


def _whole(text: str) -> str:
    """Half of a surrogate pair, which JSON allows and files and programs do not, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _seconds(document: dict[str, Any], name: str, default: float) -> float:
    value = document.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise ProtocolError(f"the server's {name} are no seconds")
    return float(value)


def _command(document: dict[str, Any]) -> str | tuple[str, ...]:
    value = document.get("command", "")
    if isinstance(value, str):
        return _whole(value)
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_ARGUMENTS:
        raise ProtocolError("the server's command is neither a text nor a list")
    if not all(isinstance(part, str) for part in value):
        raise ProtocolError("the server's command is not made of texts")
    return tuple(_whole(part) for part in value)


def _variables(document: dict[str, Any]) -> Mapping[str, str]:
    value = document.get("variables", {})
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ProtocolError("the server's variables are not texts")
    return {_whole(name): _whole(text) for name, text in value.items()}


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
