"""The world around a simulated call, as it is written down: who answers the telephone, what look-ups find, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import ConfigurationError
from engine.lines.digits import KEYS as KEYPAD
from engine.nodes.base import Path
from engine.nodes.fields import parse_duration
from engine.outside.ports import HttpResponse

KEYS = ("numbers", "lookups", "http", "switches", "contact", "mailboxes", "waiting")
"""The keys of a story that are about the world."""

DOES = ("answer", "busy", "no_answer", "rejected", "failed")

Wrong = Callable[[Path, str], None]
"""Takes a mistake: the path to it in the document, and what is wrong."""

Row = Mapping[str, Any] | None
Failure = Literal["error"]


@dataclass(frozen=True, slots=True)
class Number:
    """What happens when a number is dialled: `after` seconds it does something; who answers presses keys a second
    later, and talks for `talks` seconds."""

    does: str = "answer"
    after: float = 2.0
    talks: float = 30.0
    presses: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox: its PIN, and the length of each message in seconds."""

    pin: str
    messages: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside of one simulated call. What is not listed: a number answers; a look-up finds nothing; a web
    service fails.

    lookups and http: path name of a node → what its visits get, one after another; the last holds for all after it.
    """

    numbers: Mapping[str, Number] = field(default_factory=dict)
    lookups: Mapping[str, tuple[Row | Failure, ...]] = field(default_factory=dict)
    http: Mapping[str, tuple[HttpResponse | Failure, ...]] = field(default_factory=dict)
    switches: Mapping[str, str] = field(default_factory=dict)
    contact: Row = None
    mailboxes: Mapping[str, Box] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Centre → how many other calls wait for it."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any], wrong: Wrong | None = None) -> World:
        """The world that the keys `KEYS` of a story describe; its other keys are somebody else's.

        `wrong` gets every mistake; without it the first one raises ConfigurationError.
        """
        reader = _Reader(wrong or _refuse)
        return cls(
            numbers=reader.each(document, "numbers", reader.number),
            lookups=reader.each(document, "lookups", lambda path, value: reader.visits(path, value, reader.row)),
            http=reader.each(document, "http", lambda path, value: reader.visits(path, value, reader.response)),
            switches=reader.each(document, "switches", reader.switch),
            contact=reader.mapping(("contact",), document["contact"]) if "contact" in document else None,
            mailboxes=reader.each(document, "mailboxes", reader.box),
            waiting=reader.each(document, "waiting", reader.count),
        )


def _refuse(path: Path, message: str) -> None:
    raise ConfigurationError(f"{'.'.join(map(str, path))}: {message}")


class _Reader:
    """Reads values; hands every mistake to `wrong` and goes on with a default."""

    def __init__(self, wrong: Wrong) -> None:
        self._wrong = wrong

    def mapping(self, path: Path, value: Any, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """A mapping; with `known`, of these keys only."""
        if not isinstance(value, dict):
            self._wrong(path, "must be a mapping")
            return {}
        for key in value:
            if known and key not in known:
                self._wrong((*path, key), f"unknown key; known are {', '.join(known)}")
        return value

    def each(self, document: Mapping[str, Any], key: str, read: Callable[[Path, Any], Any]) -> dict[str, Any]:
        """A mapping of the document, each of its values read."""
        if key not in document:
            return {}
        return {str(name): read((key, name), value) for name, value in self.mapping((key,), document[key]).items()}

    def visits(self, path: Path, value: Any, read: Callable[[Path, Any], Any]) -> tuple[Any, ...]:
        """One thing for every visit, or a list of them."""
        if not isinstance(value, list):
            return (read(path, value),)
        if not value:
            self._wrong(path, "the list is empty")
        return tuple(read((*path, index), item) for index, item in enumerate(value))

    def duration(self, path: Path, value: Any, default: float = 0.0) -> float:
        """Seconds."""
        try:
            return parse_duration(value)
        except ValueError as error:
            self._wrong(path, str(error))
            return default

    def number(self, path: Path, value: Any) -> Number:
        """`busy`, or `{does: answer, after: 3s, talks: 20s, presses: "1"}`."""
        if not isinstance(value, dict):
            return Number(self.does(path, value))
        given = self.mapping(path, value, ("does", "after", "talks", "presses"))
        seconds = {key: self.duration((*path, key), given[key]) for key in ("after", "talks") if key in given}
        return Number(
            self.does((*path, "does"), given.get("does", "answer")), **seconds, presses=self.keys(path, given)
        )

    def keys(self, path: Path, given: Mapping[str, Any]) -> str:
        """What `presses` says."""
        keys = given.get("presses", "")
        if isinstance(keys, str) and all(key in KEYPAD for key in keys):
            return keys
        self._wrong((*path, "presses"), 'write the keys in quotes, such as "1"')
        return ""

    def count(self, path: Path, value: Any) -> int:
        """How many."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self._wrong(path, "must be a number of calls")
        return 0

    def does(self, path: Path, value: Any) -> str:
        """What a dialled number does."""
        if value in DOES:
            return str(value)
        self._wrong(path, f"must be one of {', '.join(DOES)}")
        return "answer"

    def row(self, path: Path, value: Any) -> Row | Failure:
        """`{column: value}`, `not_found` or `error`."""
        if value == "error":
            return "error"
        if value == "not_found":
            return None
        if not isinstance(value, dict):
            self._wrong(path, "must be {column: value}, not_found or error")
            return None
        return value

    def response(self, path: Path, value: Any) -> HttpResponse | Failure:
        """`{status: 200, json: …, body: …}` or `error`."""
        if value == "error" or not isinstance(value, dict):
            if value != "error":
                self._wrong(path, "must be {status, json, body} or error")
            return "error"
        given = self.mapping(path, value, ("status", "json", "body"))
        status = given.get("status", 200)
        if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
            self._wrong((*path, "status"), "must be a number from 100 to 599")
            status = 200
        body = given.get("body", "")
        if not isinstance(body, str):
            self._wrong((*path, "body"), "must be a text")
            body = ""
        return HttpResponse(status, body, given.get("json"))

    def switch(self, path: Path, value: Any) -> str:
        """The position of a switch of opening hours."""
        if value in ("open", "closed"):
            return str(value)
        self._wrong(path, "must be open or closed")
        return "open"

    def box(self, path: Path, value: Any) -> Box:
        """`{pin: "1234", messages: [3s, 10s]}`."""
        given = self.mapping(path, value, ("pin", "messages"))
        pin = given.get("pin")
        if not isinstance(pin, str) or not pin.isdecimal():
            self._wrong((*path, "pin") if "pin" in given else path, 'pin: write its digits in quotes, such as "1234"')
            pin = "0000"
        messages = given.get("messages", [])
        if not isinstance(messages, list):
            self._wrong((*path, "messages"), "must be a list of durations")
            messages = []
        lengths = (self.duration((*path, "messages", i), item, 1.0) for i, item in enumerate(messages))
        return Box(pin, tuple(lengths))
