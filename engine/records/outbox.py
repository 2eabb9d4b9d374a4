"""What must not be lost, on its way to where it is kept: a SQLite file of the server's own, on its own disk.

Whatever is handed over is on the disk before `put` returns; a drainer for each kind takes it from here to the
database, the mail server, …, as soon as that is there, and says so with `done`. An entry put twice is there once.

What has begun and is not over is noted as well, so that the next start can say how it ended when we do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.records.outbox_file import Entry, LeftOpen, OutboxFile, Waiting, waiting_in

__all__ = ["FILE", "Entry", "LeftOpen", "Outbox", "Waiting", "waiting_in"]

log = logging.getLogger("flowctl.records")

FILE = "outbox.db"
"""Below the server's data folder."""

ALIVE_SECONDS = 5.0
"""Between two notes that the server is alive."""
GATHER_SECONDS = 0.25
"""What nobody waits for is written so much later, at once with all that has come meanwhile."""
RETRY_SECONDS = 1.0
"""Before a disk that refuses is asked again."""
KEPT = 10_000
"""Entries kept in memory while the disk refuses; those beyond it are in the log alone."""

T = TypeVar("T")


class Outbox:
    """One per server. All work on the file is done by one thread."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        """now: seconds since 1970."""
        self.path = path
        self._file = OutboxFile(path, now)
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._batch: list[tuple[bool, Entry]] = []
        """To be written next: whether it is over, and what."""
        self._written: asyncio.Future[None] | None = None
        """Done when that is written; None while nobody waits for it."""
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Until the batch is written though nobody is in a hurry."""
        self._kept: list[tuple[bool, Entry]] = []
        """What the disk has refused."""
        self._retry: asyncio.Task[None] | None = None
        self._alive: asyncio.Task[None] | None = None
        self._stirred: dict[asyncio.Event, frozenset[str]] = {}

    async def open(self) -> LeftOpen:
        """Open the file, made where there is none. What the last run has left open is there until it is `put`.
        Raises sqlite3.Error, OSError; the latter, too, when another process has it open."""
        left = await self._do(self._file.open)
        self._alive = asyncio.create_task(self._keep_alive(), name="outbox alive")
        return left

    def begin(self, entry: Entry) -> None:
        """Something has begun that will be `put` with the same kind and id when it is over. Written soon. Begun once
        more, it is as it was said last."""
        self._batch.append((False, entry))
        self._flush_within(GATHER_SECONDS)

    def post(self, *entries: Entry) -> None:
        """As `put`, for what nobody waits for: written soon."""
        self._batch.extend((True, entry) for entry in entries)
        self._flush_within(GATHER_SECONDS)

    async def put(self, *entries: Entry, patience: float = 0.0) -> None:
        """Hand entries over. A disk that refuses costs no call: they go to the log, stay in memory, and are written
        when the disk takes them again. patience: seconds that others may be waited for: most of the cost is that of a
        transaction."""
        self._batch.extend((True, entry) for entry in entries)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        written = self._written
        if patience:
            self._flush_within(patience)
        else:
            self._flush_soon()
        await asyncio.shield(written)

    def stirred(self, kinds: Collection[str]) -> asyncio.Event:
        """An event that is set whenever entries of these kinds have come; whoever waits for it clears it."""
        event = asyncio.Event()
        self._stirred[event] = frozenset(kinds)
        return event

    async def take(self, kinds: Collection[str], limit: int) -> list[Waiting]:
        """Entries that are due, the oldest first; they stay until they are `done`. Raises sqlite3.Error."""
        return await self._do(lambda: self._file.take(kinds, limit))

    async def done(self, entries: Sequence[Waiting]) -> None:
        """They are where they belong. Raises sqlite3.Error."""
        await self._do(lambda: self._file.done(entries))

    async def postpone(self, entries: Sequence[Waiting], seconds: float, error: str) -> None:
        """Not now: `take` gives them again after so many seconds. Raises sqlite3.Error."""
        await self._do(lambda: self._file.postpone(entries, seconds, error))

    async def hurry(self, kinds: Collection[str]) -> None:
        """What was postponed is due now. Raises sqlite3.Error."""
        await self._do(lambda: self._file.hurry(kinds))
        self._stir(kinds)

    async def count(self) -> dict[str, int]:
        """How many entries wait, by kind. Raises sqlite3.Error."""
        return await self._do(self._file.count)

    async def close(self) -> None:
        """Write what is to be written, and close the file."""
        if self._batch:
            self._flush_soon()
        if self._next is not None or self._writing is not None:
            await asyncio.wait({task for task in (self._next, self._writing) if task is not None})
        for task in (self._alive, self._retry):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        if self._kept:
            await self._try_kept()
        await self._do(self._file.close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _flush_within(self, seconds: float) -> None:
        """Write the batch when there has been time for more to come, unless somebody is in a hurry."""
        loop = asyncio.get_running_loop()
        if self._next is None and (self._timer is None or loop.time() + seconds < self._timer.when()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_later(seconds, self._flush_soon)

    def _flush_soon(self) -> None:
        """Write the batch, after the one that is being written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._next is None:
            self._next = asyncio.create_task(self._flush(self._writing), name="outbox")

    async def _flush(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        batch, self._batch = self._batch, []
        written, self._written = self._written, None
        self._writing, self._next = self._next, None
        try:
            await self._write(batch)
        except Exception as error:
            if written is None:
                raise
            written.set_exception(error)
        else:
            if written is not None:
                written.set_result(None)
        finally:
            if self._writing is asyncio.current_task():
                self._writing = None

    async def _write(self, batch: Sequence[tuple[bool, Entry]]) -> None:
        if self._kept:
            # In their order: what is over must not be found begun afterwards.
            self._keep(batch, "it refuses for now")
            return
        try:
            await self._do(lambda: self._file.write(batch))
        except (sqlite3.Error, OSError) as error:
            self._keep(batch, error)
        else:
            self._stir({entry.kind for over, entry in batch if over})

    def _keep(self, batch: Sequence[tuple[bool, Entry]], error: Exception | str) -> None:
        for over, entry in batch:
            if over:
                body = json.dumps(entry.body, ensure_ascii=False)
                log.error("%s %s could not be written to %s (%s): %s", entry.kind, entry.id, self.path, error, body)
        self._kept.extend(batch[: max(0, KEPT - len(self._kept))])
        if self._retry is None or self._retry.done():
            self._retry = asyncio.create_task(self._retry_kept(), name="outbox retry")

    async def _retry_kept(self) -> None:
        while self._kept:
            await asyncio.sleep(RETRY_SECONDS)
            await self._try_kept()

    async def _try_kept(self) -> None:
        kept = self._kept[:]
        with contextlib.suppress(sqlite3.Error, OSError):
            await self._do(lambda: self._file.write(kept))
            del self._kept[: len(kept)]
            log.warning("%s takes what it had refused: %d entries", self.path, len(kept))
            self._stir({entry.kind for over, entry in kept if over})

    async def _keep_alive(self) -> None:
        while True:
            with contextlib.suppress(sqlite3.Error, OSError):
                await self._do(self._file.note_alive)
            await asyncio.sleep(ALIVE_SECONDS)

    def _stir(self, kinds: Collection[str]) -> None:
        for event, wanted in self._stirred.items():
            if not wanted.isdisjoint(kinds):
                event.set()
