"""What becomes of agents and of the calls that wait for them, told to whoever keeps it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol

Manner = Literal["all", "alone", "phone", "direct"]
Ending = Literal["logged_out", "lost", "elsewhere", "dismissed", "stopped"]


def _new_id() -> str:
    return uuid.uuid4().hex


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True, kw_only=True, eq=False)
class Fact:
    """Something that has begun and will be over. Its lengths are seconds since it began, by the event loop's clock.

    The fields are the columns of its table (`engine.records.tables`), which say what they mean.
    """

    kind: ClassVar[str]
    time: ClassVar[str]
    """Name of the column that has the moment at which it began."""

    id: str = field(default_factory=_new_id)
    began: float = field(default_factory=_now)
    """By the event loop's clock."""
    moment: datetime | None = None
    """The same as a date; filled in by whoever keeps it."""

    def elapsed(self) -> float:
        """Seconds since it began."""
        return _now() - self.began


@dataclass(slots=True, kw_only=True, eq=False)
class SearchFact(Fact):
    """A caller waits for an agent."""

    kind: ClassVar[str] = "search"
    time: ClassVar[str] = "started"

    call: str
    node: str
    centre: str
    method: str
    waited: float = 0.0
    outcome: str = ""
    agent: str | None = None
    talk: float | None = None
    offers: dict[str, OfferFact] = field(default_factory=dict)
    """Those that are open, by the agents' codes; no column."""


@dataclass(slots=True, kw_only=True, eq=False)
class OfferFact(Fact):
    """A call is offered to an agent."""

    kind: ClassVar[str] = "offer"
    time: ClassVar[str] = "offered"

    call: str
    search: str
    agent: str
    centre: str
    manner: Manner
    answer: float | None = None
    ended: float = 0.0
    outcome: str = ""
    talk: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class SessionFact(Fact):
    """An agent is logged in."""

    kind: ClassVar[str] = "agent_session"
    time: ClassVar[str] = "opened"

    agent: str
    extension: str
    duration: float = 0.0
    ending: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class StateFact(Fact):
    """An agent does one thing."""

    kind: ClassVar[str] = "agent_state"
    time: ClassVar[str] = "since"

    agent: str
    state: str
    reason: str
    call: str
    centre: str
    duration: float = 0.0


class Chronicle(Protocol):
    """Keeps facts. Nothing here waits, and nothing raises."""

    def begins(self, fact: Fact) -> None:
        """It has begun, or, told once more, more is known of it: should nobody ever say that it is over, this is
        what is kept."""
        ...

    def over(self, *facts: Fact) -> None:
        """They are over, all at the same moment, and of one kind; told once. They need not have been told before."""
        ...


class NoChronicle:
    """Keeps nothing: for the simulator."""

    def begins(self, fact: Fact) -> None:
        pass

    def over(self, *facts: Fact) -> None:
        pass
