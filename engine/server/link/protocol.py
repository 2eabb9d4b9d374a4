"""What is said on the agent link, version 1: requests as they are read, lines as they are written.

A line is one JSON object in UTF-8, given here without its line feed. docs/agent-link.md is the contract.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from engine.centres.events import AgentEvent, StateEvent

VERSION = 1

PING, TIMEOUT = 5.0, 15.0
"""Seconds: from one ping to the next, and without a line from the client until it counts as lost."""

MOST_FROM_CLIENT, MOST_FROM_SERVER = 16 * 1024, 256 * 1024
"""Bytes of a line."""

RequestId = Annotated[str, Field(max_length=100)] | Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Error(StrEnum):
    """What `error` says."""

    BAD_REQUEST = "bad_request"
    NOT_OPEN = "not_open"
    TOO_LARGE = "too_large"
    TOO_FAST = "too_fast"
    TOO_MANY = "too_many"
    TIMEOUT = "timeout"
    BANNED = "banned"
    PROTOCOL = "protocol"
    STOPPING = "stopping"
    INTERNAL = "internal"


class Request(BaseModel):
    """Base of what a client says."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: RequestId | None = None


class Open(Request):
    """Log in, with code and password or with a ticket."""

    type: Literal["open"]
    protocol: int
    code: str | None = Field(default=None, min_length=1, max_length=64)
    password: SecretStr | None = Field(default=None, max_length=1024)
    ticket: SecretStr | None = Field(default=None, max_length=200)
    extension: str = Field(default="", max_length=64)
    language: str = Field(default="en", pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)

    @model_validator(mode="after")
    def _one_proof(self) -> Open:
        by_password = self.code is not None and self.password is not None
        if self.ticket is None and not by_password:
            raise ValueError("code and password are needed")
        if self.ticket is not None and (self.code is not None or self.password is not None):
            raise ValueError("either a ticket, or code and password")
        return self


class Accept(Request):
    """The agent wants a call."""

    type: Literal["accept"]
    call: str = Field(min_length=1, max_length=200)


class Reject(Request):
    """The agent does not want a call."""

    type: Literal["reject"]
    call: str = Field(min_length=1, max_length=200)


def _printed(text: str) -> str:
    """Others read it on terminals: what moves a cursor becomes a blank."""
    return "".join(character if character.isprintable() else " " for character in text)


class Unavailable(Request):
    """The agent does not want to be disturbed."""

    type: Literal["unavailable"]
    reason: Annotated[str, AfterValidator(_printed)] = Field(default="", max_length=200)


class Available(Request):
    """The agent takes calls."""

    type: Literal["available"]


class MakeCall(Request):
    """The agent wants to be connected to a number."""

    type: Literal["call"]
    number: str = Field(min_length=1, max_length=64)
    record: bool = False


class Close(Request):
    """Log out."""

    type: Literal["close"]


class Pong(Request):
    """The answer to `ping`."""

    type: Literal["pong"]


_Any = Annotated[
    Open | Accept | Reject | Unavailable | Available | MakeCall | Close | Pong, Field(discriminator="type")
]
_REQUEST: TypeAdapter[Request] = TypeAdapter(_Any)
_ID: TypeAdapter[str | int] = TypeAdapter(RequestId, config=ConfigDict(strict=True))


class BadRequest(Exception):
    """A line that is no request. `id` is the request's, as far as it can be told."""

    def __init__(self, request: str | int | None, message: str) -> None:
        super().__init__(message)
        self.id = request


def read(line: bytes) -> Request:
    """A client's line. Raises BadRequest; what it says repeats nothing of the values, which may be a password."""
    try:
        return _REQUEST.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
            raise BadRequest(_id_of(line), "no such request: see `type`") from None
        where = ".".join(str(part) for part in first["loc"][1:])
        what = first["msg"].removeprefix("Value error, ")
        message = f"{where}: {what}" if where else what
        raise BadRequest(_id_of(line), message[:300]) from None


def _id_of(line: bytes) -> str | int | None:
    try:
        document = pydantic_core.from_json(line)
        return _ID.validate_python(document["id"]) if isinstance(document, dict) else None
    except (ValueError, KeyError):
        return None


def hello() -> bytes:
    """The first line of a server."""
    return _line({"type": "hello", "protocol": VERSION, "ping": int(PING), "timeout": int(TIMEOUT)})


def ping() -> bytes:
    """To be answered with `pong`."""
    return _line({"type": "ping"})


def ok(request: str | int | None) -> bytes:
    """The request could be handed over; what comes of it is an event."""
    return _line({"type": "ok"} if request is None else {"type": "ok", "id": request})


def error(what: Error, message: str, request: str | int | None = None) -> bytes:
    """A request, or the whole connection, is refused."""
    document: dict[str, Any] = {"type": "error", "error": what.value, "message": message}
    return _line(document if request is None else {**document, "id": request})


def state(event: StateEvent) -> bytes:
    """What the agent is doing now."""
    document: dict[str, Any] = {"type": "state", "state": event.state}
    if event.reason:
        document["reason"] = event.reason
    if event.rest:
        document["rest"] = event.rest
    return _line(document)


def event(told: AgentEvent, ring: str | None = None) -> bytes:
    """An event; what is empty is left out, and variables too long for a line are, the longest first."""
    document: dict[str, Any] = {"type": "event", "event": told.code.value}
    facts = told.facts
    if facts is not None:
        document.update(
            call=facts.call,
            cli=facts.cli,
            caller=facts.caller,
            did=facts.did,
            name=facts.name,
            company=facts.company,
            ident=facts.ident,
            channel=facts.channel,
        )
    document.update(centre=told.centre, command=told.command, number=told.number, reason=told.reason, ring=ring or "")
    document = {key: value for key, value in document.items() if value}
    variables = dict(told.variables)
    while True:
        line = _line({**document, "variables": variables} if variables else document)
        if len(line) <= MOST_FROM_SERVER or not variables:
            return line
        del variables[max(variables, key=lambda name: len(name) + len(variables[name]))]


def _line(document: dict[str, Any]) -> bytes:
    # A lone surrogate, which no client could read, becomes a question mark.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
