"""The ports to what is outside of the telephone.

Rules that every implementation keeps: each coroutine may be cancelled at any await; none blocks the event loop; what
fails raises CallError, with a message that holds no password and no value of a caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engine.audio.clip import Clip
from engine.lines import Leg


@dataclass(frozen=True, slots=True)
class ByColumns:
    """The row of a table in which each of these columns has its value. A value that is None matches no row."""

    table: str
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BySql:
    """The row that a query gives; `:name` in it stands for the parameter of that name, which is bound."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


Query = ByColumns | BySql


class Databases(Protocol):
    """The databases that the settings name."""

    async def row(self, source: str, query: Query, timeout: float) -> Mapping[str, Any] | None:
        """The first row that a query finds, column → value as the database's driver gives it; None without one.

        Reads only. Raises CallError: no such source, a wrong query, a database that is away, or `timeout` seconds
        over.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to a web service. `json` is sent when `has_json` says so; `timeout` in seconds, all in all."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    has_json: bool = False
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back. `json` is None unless the body is JSON and says so."""

    status: int
    body: str = ""
    json: Any = None


class HttpClient(Protocol):
    """Web services."""

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Send a request. Raises CallError when the host is not allowed, cannot be reached, is too slow, or answers
        too much; an answer with an error's status is an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to people: addresses, subject, text, files; `language` is that of what is added to the text."""

    to: tuple[str, ...]
    subject: str
    text: str = ""
    attach: tuple[Path, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Trouble(Mail):
    """An alert. `about`: what it concerns, by which repetition is limited (empty: the subject); `over`: that it is
    well again."""

    about: str = ""
    over: bool = False


class Mailer(Protocol):
    """Outgoing mail."""

    async def send(self, mail: Mail) -> None:
        """Hand a mail over for delivery. Raises CallError when that is impossible."""
        ...


class Alerts(Protocol):
    """Whoever must know that something is wrong."""

    async def raise_alert(self, mail: Mail) -> None:
        """Tell them, unless they were told of the same just now; `mail.to` may be empty. Raises CallError when nobody
        can be told."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a mailbox. `received` is aware, None where nobody knows; `cli` the caller's number as it was
    presented; `heard`: it has been listened to."""

    id: str
    received: datetime | None = None
    cli: str = ""
    heard: bool = False


class Mailboxes(Protocol):
    """The mailboxes that people listen to by telephone."""

    def require(self) -> None:
        """Raises CallError when there are no mailboxes at all."""
        ...

    async def admits(self, mailbox: str, pin: str) -> bool:
        """True when the PIN opens the mailbox; False for a wrong one and for a mailbox that does not exist."""
        ...

    async def messages(self, mailbox: str) -> Sequence[Message]:
        """Its messages: new ones first, and the oldest first."""
        ...

    async def sound(self, mailbox: str, message: str) -> Clip:
        """A message as sound. Raises CallError when it is gone."""
        ...

    async def heard(self, mailbox: str, message: str) -> None:
        """A message, by its id, is new no more; one that is gone is no error."""
        ...

    async def delete(self, mailbox: str, message: str) -> None:
        """Delete a message by its id; one that is gone is no error."""
        ...


class Contacts(Protocol):
    """The company's table of contacts."""

    async def find(self, caller: str) -> Mapping[str, Any] | None:
        """The contact with a number (E.164), column → value; None for a stranger. Raises CallError."""
        ...


class Exchange(Protocol):
    """The telephone exchange, as far as it connects two calls by a feature code."""

    async def transfer(self, leg: Leg, to: str) -> None:
        """Let the exchange connect the far end of `leg` to a number; the leg ends when it has. Raises OriginateError
        when `to` does not answer, Unsupported when the exchange cannot."""
        ...
