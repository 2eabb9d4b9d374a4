"""What agents are told: the events of the agent link, by their letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """The letter of an event. The letters are as old as the clients that know them."""

    ACCEPTED = "A"
    """The session is open."""
    UNKNOWN = "U"
    """No agent has that code."""
    DISABLED = "D"
    """The agent may not log in: not active, or logged in elsewhere."""
    BAD_PASSWORD = "B"  # noqa: S105 - a letter
    """The password is wrong."""
    ASKED = "?"
    """A call for this agent alone: accept or reject."""
    PENDING = "P"
    """A call for everybody in the centre: accept, or do nothing."""
    HIDE = "H"
    """Somebody has accepted the call, and is being connected."""
    SHOW = "S"
    """That has failed: the call waits again."""
    ENDED = "T"
    """The call waits no longer, or, for one that the agent made, is over."""
    EXECUTE = "X"
    """Show the caller's file; sent just before the connection is tried."""
    FAILED = "F"
    """The call that the agent asked for could not be made."""
    CONNECTED = "C"
    """It was made."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call when it looks for an agent. Texts are empty where nothing is known."""

    call: str
    """Its id."""
    cli: str
    """The calling number as presented."""
    caller: str
    """The calling number in E.164."""
    did: str
    channel: str
    name: str = ""
    """Of the caller, from the contacts; so are the two below."""
    company: str = ""
    ident: str = ""


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One event. What does not go with a letter is empty."""

    code: Code
    facts: CallFacts | None = None
    centre: str = ""
    command: str | list[str] | None = None
    """With `X`: a URL, or a program and its arguments, with places to be filled in."""
    number: str = ""
    """The number that the agent called."""
    reason: str = ""
    """In clear, in the agent's language; with `T` of a recorded call that the agent made, the name of the file."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the scenario, with `P` and `?`."""


@dataclass(frozen=True, slots=True)
class StateEvent:
    """What the agent is doing now, each time that it changes."""

    state: str
    """See `AgentState`."""
    reason: str = ""
    """Why they are unavailable."""
    rest: float = 0.0
    """Seconds of rest after a call that are left."""


Send = Callable[[AgentEvent | StateEvent], None]
"""Hands an event over to whoever is at the agent's end; returns at once, and never raises."""
