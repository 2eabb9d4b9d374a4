"""Takes the rows of the journals from the outbox to their files, once each."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.records.journal_files import JournalFiles
from engine.records.journals import HEADERS, KIND, ended_at, file_name, row
from engine.records.outbox import Entry, Outbox, Waiting
from engine.tasks import cancel

if TYPE_CHECKING:
    from engine.server.settings import Settings

log = logging.getLogger("flowctl.records")

BATCH = 200
GATHER_SECONDS = 1.0
"""How long others are waited for when one has come: most of the cost is that of waiting for the disk."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a folder that has refused is tried again: doubled each time."""
CLOSE_SECONDS = 5.0
"""For what waits when the server stops; the rest stays in the outbox."""


class Journals:
    """`start` it, and `close` it before the outbox."""

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        self._settings = settings
        self._language = settings.journals.language or settings.language
        self._folder = settings.data / settings.journals.folder
        self._files = JournalFiles(self._folder, HEADERS[self._language])
        self._outbox = outbox
        self._stirred = outbox.stirred([KIND])
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write. What waits for journals that the settings have no more is left out."""
        self._task = asyncio.create_task(self._run(), name="journals")

    async def close(self) -> None:
        """Write what waits."""
        self._stopping.set()
        self._stirred.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
            await cancel(self._task)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._stirred.clear()
            failed = await self._try()
            if failed is None and pause > FIRST_PAUSE:
                log.warning("the journals in %s are written again; nothing was lost", self._folder)
            elif failed is not None and pause == FIRST_PAUSE:
                log.error("the journals in %s cannot be written, calls wait in the outbox: %s", self._folder, failed)
            if self._stopping.is_set():
                return
            if failed is None:
                pause = FIRST_PAUSE
                await self._stirred.wait()
                await self._sleep(GATHER_SECONDS)
            else:
                await self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _sleep(self, seconds: float) -> None:
        """Unless we are to stop."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({stopping}, timeout=seconds)
        await cancel(stopping)

    async def _try(self) -> str | None:
        """Write all that waits; why not, or None when nothing waits any more."""
        try:
            while entries := await self._outbox.take([KIND], BATCH):
                await asyncio.to_thread(self._write, entries)
                await self._outbox.done(entries)
                self._files.forget()
        except (OSError, sqlite3.Error) as error:
            return (isinstance(error, OSError) and error.strerror) or str(error)
        return None

    def _write(self, entries: Sequence[Waiting]) -> None:
        """In a thread. Raises OSError."""
        for name, rows in self._sorted(entries).items():
            self._files.add(name, rows)

    def _sorted(self, entries: Iterable[Entry]) -> dict[str, dict[str, Sequence[str]]]:
        """File → last value of a row → row."""
        zone = self._settings.zone
        files: defaultdict[str, dict[str, Sequence[str]]] = defaultdict(dict)
        for entry in entries:
            try:
                which = entry.body["journal"]
                name = file_name(which, self._settings.journals.period(which), ended_at(entry.body, zone))
                values = row(entry.body, zone, self._language)
            except Exception:
                # It would come again and again, and keep the others waiting.
                log.exception("call %s is in no journal: %s", entry.id, entry.body)
            else:
                if name is not None:
                    files[name][values[-1]] = values
        return files
