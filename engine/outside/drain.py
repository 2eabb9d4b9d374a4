"""What takes entries from the outbox to where they are meant for: again and again, at growing intervals, for days."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence

from engine.limited_log import LimitedLog
from engine.records.outbox import Outbox, Waiting
from engine.tasks import cancel

log = logging.getLogger("flowctl.outbox")

BATCH = 50
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 600.0
POLL = 2.0
"""Seconds between two looks for what has become due, or was hurried by somebody else."""
DISK_PAUSE = 5.0
"""Seconds before an outbox that cannot be read is read again."""
FAREWELL = 5.0
"""Seconds that a delivery under way has when we stop."""


def pause_after(attempts: int) -> float:
    """Seconds until the next attempt after so many that have failed."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(max(attempts - 1, 0), 20))


class Drainer(ABC):
    """One for each kind of entry. `start` and `close` it."""

    def __init__(self, outbox: Outbox, kind: str) -> None:
        self._outbox = outbox
        self._kind = kind
        self._stirred = outbox.stirred([kind])
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._delivered: set[int] = set()
        """What was delivered, and could not be taken out of the outbox."""

    def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.create_task(self._run(), name=f"{self._kind} drainer")

    async def close(self) -> None:
        """Let what is under way end, a few seconds at most; the rest stays in the outbox."""
        self._stopping = True
        self._stirred.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=FAREWELL)
            await cancel(self._task)
        await self._rest()

    @abstractmethod
    async def _deliver(self, entries: Sequence[Waiting]) -> None:
        """Deliver each, and say `_done` or `_later` of it. What fails otherwise ends nothing: they come again."""

    async def _rest(self) -> None:
        """There is nothing to deliver now: let go of what was used for it."""
        return

    async def _done(self, entry: Waiting) -> None:
        """It was delivered, or is given up."""
        self._delivered.add(entry.seq)
        await self._outbox.done([entry])
        self._delivered.discard(entry.seq)

    async def _later(self, entry: Waiting, error: str) -> None:
        await self._outbox.postpone([entry], pause_after(entry.attempts + 1), error)

    async def _run(self) -> None:
        refused = LimitedLog(log, f"{self._kind} waits: the outbox cannot be used")
        while not self._stopping:
            self._stirred.clear()
            entries: list[Waiting] = []
            try:
                entries = await self._outbox.take([self._kind], BATCH)
                known = [entry for entry in entries if entry.seq in self._delivered]
                for entry in known:
                    await self._done(entry)
                if entries:
                    await self._deliver([entry for entry in entries if entry not in known])
                else:
                    await self._wait()
            except (sqlite3.Error, OSError) as error:
                refused.warning(error)
                await asyncio.sleep(DISK_PAUSE)
            except Exception as error:
                log.exception("%s: delivery failed", self._kind)
                await self._put_off(entries, f"{type(error).__name__}: {error}")

    async def _put_off(self, entries: Sequence[Waiting], error: str) -> None:
        """What nobody has foreseen: others come first."""
        with contextlib.suppress(sqlite3.Error):
            for entry in entries:
                if entry.seq not in self._delivered:
                    await self._later(entry, error)

    async def _wait(self) -> None:
        await self._rest()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), POLL)
