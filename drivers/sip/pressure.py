"""How far the machine is behind: calls that could only be answered late are refused at once, so that those in
progress do not suffer from them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.tasks import cancel

if TYPE_CHECKING:
    from drivers.sip.media.pool import MediaPool
    from drivers.sip.reactor import Reactor

EVERY = 0.1
"""Seconds between two probes."""

SURE = 3
"""Probes in a row that must be late, or times the limit that one has taken: a machine that has paused once is not
overloaded."""


class Pressure:
    """Probes go the way of a call: through the signalling thread, the event loop and every media worker."""

    def __init__(self, limit: float) -> None:
        """limit: seconds that a call may wait for its answer; 0: as long as it takes."""
        self._limit = limit
        self._late = 0
        """Probes in a row that took longer than the limit."""
        self._begun: float | None = None
        """When the present one was sent."""
        self._task: asyncio.Task[None] | None = None

    def start(self, reactor: Reactor, pool: MediaPool) -> None:
        """Begin to probe."""
        if self._limit:
            self._task = asyncio.get_running_loop().create_task(self._run(reactor, pool))

    async def stop(self) -> None:
        """End it. Idempotent."""
        if self._task is not None:
            await cancel(self._task)

    def exceeded(self, behind: float) -> bool:
        """True when a call that comes now would wait too long. behind: seconds for which requests have been waiting
        to be read already. In any thread."""
        if not self._limit:
            return False
        begun = self._begun
        pending = 0 if begun is None else int((time.monotonic() - begun) / self._limit)
        return behind > self._limit or self._late + pending >= SURE

    async def _run(self, reactor: Reactor, pool: MediaPool) -> None:
        while True:
            self._begun = begun = time.monotonic()
            await reactor.call(_nothing)
            with contextlib.suppress(EngineError):  # a worker has just died; another takes its place
                await pool.ping()
            self._begun = None
            self._late = self._late + 1 if time.monotonic() - begun > self._limit else 0
            await asyncio.sleep(EVERY)


def _nothing() -> None:
    """What a probe does in the signalling thread."""
