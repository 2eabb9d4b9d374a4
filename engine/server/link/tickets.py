"""Tickets: how a browser logs in on the link without the agent's password passing through its pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable

GOOD_FOR = 60.0
"""Seconds."""

MOST = 1_000
"""Tickets that are out at once; of more the oldest is void."""


class Tickets:
    """Each is good for one log-in of one agent. clock: in seconds, never set back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._out: dict[str, tuple[str, float]] = {}

    def issue(self, code: str) -> str:
        """A ticket for the agent with that code, who has proved who they are."""
        now = self._clock()
        for ticket in [ticket for ticket, (_, end) in self._out.items() if end <= now]:
            del self._out[ticket]
        if len(self._out) >= MOST:
            del self._out[next(iter(self._out))]
        ticket = secrets.token_urlsafe(24)
        self._out[ticket] = code, now + GOOD_FOR
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """The code of its agent; None when it is void, as it is from now on."""
        code, end = self._out.pop(ticket, ("", 0.0))
        return code if end > self._clock() else None
