"""Keys that the far end pressed and nobody has read yet."""

from __future__ import annotations

import asyncio
from collections import deque

CAPACITY = 16
"""Keys kept while nothing listens; the language promises 16, later ones are dropped."""

KEYS = frozenset("0123456789*#ABCD")


class DigitBuffer:
    """A bounded queue of keys. One reader at a time; the driver puts, a node gets."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._arrived = asyncio.Event()
        self.received = 0
        """Keys ever put, also those dropped: the media side compares it to close the race between a key
        that has just arrived and a prompt that is about to start."""

    def put(self, key: str) -> None:
        """Add one key (0-9, *, #, A-D). Unknown characters are refused."""
        if key not in KEYS:
            raise ValueError(f"{key!r} is not a telephone key")
        self.received += 1
        if len(self._waiting) < CAPACITY:
            self._waiting.append(key)
        self._arrived.set()

    @property
    def pending(self) -> bool:
        """True when a key can be read at once."""
        return bool(self._waiting)

    async def get(self) -> str:
        """The next key; waits for one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    async def wait(self) -> None:
        """Return once a key can be read, without reading it."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()

    def clear(self) -> None:
        """Forget the keys not read yet."""
        self._waiting.clear()
