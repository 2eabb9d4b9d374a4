"""Keeps scanners and guessers away: an address that is not allowed and asks too often, or gives a wrong password too
often, gets no answer any more for some time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from drivers.sip.limited_log import LimitedLog

log = logging.getLogger(__name__)

MOST, WITHIN = 16, 2.0
"""Requests of one address in so many seconds that end in a ban."""

FAILURES = 10
"""Wrong passwords in a row that do, within `BAN` seconds."""

BAN = 600.0
"""Seconds."""

WATCHED = 10_000
"""Addresses that are watched at once: a sender's address is easily made up."""


class Guard:
    """Signalling thread only. clock: in seconds, never set back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.bans = 0
        """Addresses banned so far."""
        self.dropped = 0
        """Requests of banned addresses so far."""
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}
        """Beginning of the present two seconds, and requests since."""
        self._failed: dict[str, tuple[float, int]] = {}
        self._banned: dict[str, float] = {}
        self._log = LimitedLog(log, "address banned")

    def admits(self, source: str) -> bool:
        """Count one request; False when it is to be dropped."""
        now = self._clock()
        if self._banned.get(source, 0.0) > now:
            self.dropped += 1
            return False
        if self._count(self._seen, source, WITHIN, now) >= MOST:
            self._ban(source, f"{MOST} requests in {WITHIN:g} s")
            self.dropped += 1
            return False
        return True

    def failed(self, source: str) -> None:
        """A password from there was wrong."""
        if self._count(self._failed, source, BAN, self._clock()) >= FAILURES:
            self._ban(source, f"{FAILURES} wrong passwords")

    def passed(self, source: str) -> None:
        """A password from there was right."""
        self._failed.pop(source, None)

    def _count(self, table: dict[str, tuple[float, int]], source: str, window: float, now: float) -> int:
        begun, count = table.get(source, (now, 0))
        if now - begun >= window:
            begun, count = now, 0
        elif source not in table and len(table) >= WATCHED:
            del table[next(iter(table))]
        table[source] = (begun, count + 1)
        return count + 1

    def _ban(self, source: str, why: str) -> None:
        self.bans += 1
        self._seen.pop(source, None)
        self._failed.pop(source, None)
        if len(self._banned) >= WATCHED:
            del self._banned[next(iter(self._banned))]
        self._banned[source] = self._clock() + BAN
        self._log.warning(f"{source} for {BAN / 60:g} minutes: {why}")
