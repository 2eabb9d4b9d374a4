"""Calls as integers, since C programs know them so."""

from __future__ import annotations

import threading

MOST = 10_000
"""Calls that are remembered; the one that was not heard of for longest gives way."""


class CallNumbers:
    """Of a process: a call keeps its number, and no other call gets it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._last = 0
        self._lock = threading.Lock()

    def of(self, call: str) -> int:
        """From 1 on; 0 for no call."""
        if not call:
            return 0
        with self._lock:
            number = self._numbers.pop(call, 0)
            if not number:
                # As much as an int holds, then from the beginning.
                number = self._last = self._last % 0x7FFFFFFF + 1
            self._numbers[call] = number
            if len(self._numbers) > MOST:
                del self._numbers[next(iter(self._numbers))]
            return number
