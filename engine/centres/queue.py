"""Calls that wait for agents, in the order in which they are served."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from engine.centres.desk import Desk


@dataclass(eq=False, slots=True)
class Ticket:
    """A call in the queue of a centre. Of two, the one of higher priority is served first, then the one that has
    waited for longer."""

    centre: str
    priority: int
    since: float
    """When the call began to wait, by the event loop's clock; kept when it has to wait again."""
    wants: Callable[[Desk], bool]
    """Whether its search would ask that agent of the centre by itself now."""

    @property
    def rank(self) -> tuple[int, float]:
        """The smaller, the sooner."""
        return -self.priority, self.since


class Queue:
    """The tickets of all centres."""

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []

    def join(self, ticket: Ticket) -> None:
        """Wait."""
        bisect.insort(self._tickets, ticket, key=lambda other: other.rank)

    def leave(self, ticket: Ticket) -> None:
        """Wait no longer."""
        self._tickets.remove(ticket)

    @property
    def tickets(self) -> Sequence[Ticket]:
        """All, in the order in which they are served."""
        return self._tickets

    def waiting(self, centre: str) -> int:
        """How many wait for the centre."""
        return sum(ticket.centre == centre for ticket in self._tickets)

    def position(self, ticket: Ticket) -> int:
        """Place among those who wait for the same centre, from 1."""
        before = self._tickets[: self._tickets.index(ticket)]
        return 1 + sum(other.centre == ticket.centre for other in before)

    def first(self, ticket: Ticket, desk: Desk, centres: Set[str]) -> bool:
        """True when nobody before `ticket` wants the agent, who is in those centres."""
        before = itertools.takewhile(lambda other: other is not ticket, self._tickets)
        return not any(other.centre in centres and other.wants(desk) for other in before)
