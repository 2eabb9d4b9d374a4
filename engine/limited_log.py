"""A log line for things that a stranger can make happen as often as he likes."""

from __future__ import annotations

import logging
import time

INTERVAL = 10.0
"""Seconds between two lines of one kind."""


class LimitedLog:
    """Counts every occurrence, logs the first and then at most one each `INTERVAL` seconds."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self.count = 0
        self._logger = logger
        self._what = what
        self._logged = 0
        self._next = 0.0

    def warning(self, detail: object = "") -> None:
        """Something expected went wrong, such as a malformed datagram."""
        self._occurred(logging.WARNING, detail, trace=False)

    def exception(self) -> None:
        """An unexpected exception is being handled: log it with its traceback."""
        self._occurred(logging.ERROR, "", trace=True)

    def _occurred(self, level: int, detail: object, *, trace: bool) -> None:
        self.count += 1
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + INTERVAL
        more = self.count - self._logged - 1
        self._logged = self.count
        suffix = f" ({more} more since the last line)" if more else ""
        self._logger.log(level, "%s%s%s", self._what, f": {detail}" if detail else "", suffix, exc_info=trace)
