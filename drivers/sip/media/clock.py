"""The 20 ms clock of a worker."""

from __future__ import annotations

from collections import deque
from time import monotonic

from drivers.sip.media.rtp import TICK

CATCH_UP = 3
"""Ticks that are made up for after a stall; of a longer one the rest is left out, instead of a burst of packets."""

_KEPT = 3000


class Clock:
    """Tick k is due k × 20 ms after the start, whatever happened before: it never drifts.

    Streams derive RTP timestamps from the number of the tick, so that ticks left out are a gap and not a delay.
    """

    def __init__(self) -> None:
        self._start = monotonic()
        self.now = self._start
        """Monotonic seconds when `read` was last called."""
        self.tick = 0
        """Number of the newest tick."""
        self.skipped = 0
        """Ticks left out because of stalls."""
        self._lateness: deque[float] = deque(maxlen=_KEPT)

    @property
    def due(self) -> float:
        """Monotonic seconds of the next tick."""
        return self._start + (self.tick + 1) * TICK

    def read(self) -> bool:
        """Look at the time; True when the next tick is due."""
        self.now = monotonic()
        return self.now >= self.due

    def resume(self) -> None:
        """Start to tick again after a time in which nothing had to be sent."""
        self.now = monotonic()
        self.tick = int((self.now - self._start) / TICK)

    def advance(self) -> int:
        """The tick that is due, now the newest."""
        late = self.now - self.due
        self._lateness.append(late)
        missed = int(late / TICK)
        if missed > CATCH_UP:
            self.skipped += missed - CATCH_UP
            self.tick += missed - CATCH_UP
        self.tick += 1
        return self.tick

    def lateness(self) -> dict[str, float]:
        """Milliseconds between when ticks of the last minute were due and began: median, 99th centile and worst."""
        values = sorted(self._lateness) or [0.0]
        last = len(values) - 1
        return {
            name: round(values[round(last * part)] * 1000, 3)
            for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        }
