"""What has to be done later in pyVoIP's thread: above all, saying again what was lost on the way."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable

T1, T2 = 0.5, 4.0
"""Seconds between the first two sendings of a message, and at most (RFC 3261 section 17, table 4)."""
GIVE_UP = 64 * T1
"""Seconds after which a message that nobody has answered is not sent again (timers B, F, H)."""


class Timers:
    """Functions by the time at which they are due; used in one thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.repeating: set[Repeated] = set()
        """Messages that are not settled yet."""

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do it then."""
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), work))

    def due(self) -> list[Callable[[], None]]:
        """What is due now, removed."""
        found, now = [], time.monotonic()
        while self._heap and self._heap[0][0] <= now:
            found.append(heapq.heappop(self._heap)[2])
        return found

    def wait(self) -> float | None:
        """Seconds until something is due; None: nothing is planned."""
        return max(0.0, self._heap[0][0] - time.monotonic()) if self._heap else None


class Repeated:
    """A message that is sent at once, and again after 0.5 s, 1 s, 2 s and every 4 s until it is settled."""

    def __init__(self, timers: Timers, send: Callable[[], None], on_timeout: Callable[[], None]) -> None:
        """on_timeout: called after 32 s without `settle`."""
        self._timers = timers
        self._send = send
        self._on_timeout = on_timeout
        self._interval = T1
        self._left = GIVE_UP
        timers.repeating.add(self)
        send()
        timers.after(T1, self._again)

    def settle(self) -> None:
        """It has been answered. Idempotent."""
        self._timers.repeating.discard(self)

    def _again(self) -> None:
        if self not in self._timers.repeating:
            return
        self._left -= self._interval
        if self._left <= 0:
            self.settle()
            self._on_timeout()
            return
        self._send()
        self._interval = min(2 * self._interval, T2, self._left)
        self._timers.after(self._interval, self._again)
