"""How long something took, counted in classes."""

from __future__ import annotations

import bisect

BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
"""Seconds: upper ends of the classes; the last one has no end."""


class Delays:
    """One thread notes, any may read."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0
        """Sum of all, in seconds."""

    def note(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, int]]:
        """Upper end → how many took so long or less, the last for all of them: as Prometheus wants it."""
        found, sum_ = [], 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            sum_ += count
            found.append((bound, sum_))
        return found
