"""What a server keeps of what happens: opened before the first call, closed after the last."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from engine.audio.recordings import FOLDER, describe_recovered, recover
from engine.clock import Clock
from engine.errors import ConfigurationError
from engine.outside.ports import Alerts
from engine.records.closing import closed
from engine.records.database import Database
from engine.records.drainer import Drainer
from engine.records.facts import Facts
from engine.records.former import take_over
from engine.records.journals import journal_entry
from engine.records.outbox import FILE, Outbox
from engine.server.journals import Journals
from engine.server.settings import Settings
from engine.tasks import cancel

log = logging.getLogger("flowctl.server")

PROGRESS_SECONDS = 5.0
"""Between two notes of how far calls are."""


class KeptRecords:
    """The outbox, and what fills it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.outbox = Outbox(settings.data / FILE)
        self.facts = Facts(self.outbox, settings.name, clock)
        self.drainer: Drainer | None = None
        self._noting: asyncio.Task[None] | None = None
        self.facts.journals = settings.journals.wanted
        self.journals = Journals(settings, self.outbox)
        self._data = settings.data
        self._server = settings.name

    async def open(self) -> None:
        """Open the outbox, and end what an earlier run has not. Raises ConfigurationError: without its outbox, a
        server would forget what happens."""
        try:
            left = await self.outbox.open()
            await take_over(self._data, self.outbox, self._server)
            up = {entry.id for entry in left.entries if entry.kind == "call"}
            recovered = await recover(self._data / FOLDER, up)
            over = closed(left, recovered)
            calls = [entry.body for entry in over if entry.kind == "call"]
            journal = [journal_entry(call, connected=False) for call in calls if self.facts.journals]
            await self.outbox.put(*over, *journal)
            for call in calls:
                await asyncio.to_thread(describe_recovered, call)
        except (sqlite3.Error, OSError) as error:
            said = (isinstance(error, OSError) and error.strerror) or error
            # Not its subclasses: a file that cannot be opened is none to be moved.
            damaged = type(error) is sqlite3.DatabaseError
            advice = ": move it away and keep it, as the database has not what is in it" if damaged else ""
            raise ConfigurationError(f"data: {self.outbox.path} cannot be opened: {said}{advice}") from error
        self.journals.start()
        self._noting = asyncio.create_task(self._note_progress(), name="progress of calls")
        if calls:
            log.warning("the last run was interrupted: %d calls were up", len(calls))
        for one in recovered:
            log.warning("recovered a recording of %.1f s: %s", one.duration, one.path)

    def drain_to(self, database: Database, alerts: Alerts) -> None:
        """From now on, what is in the outbox goes to the database."""
        self.drainer = Drainer(self.outbox, database, alerts)
        self.drainer.start()

    async def close(self) -> None:
        """Write what is to be written."""
        if self._noting is not None:
            await cancel(self._noting)
        # What was posted last, the states of agents at the end, is on its way still.
        await self.outbox.put()
        if self.drainer is not None:
            await self.drainer.close()
        await self.journals.close()
        await self.outbox.close()

    async def _note_progress(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            self.facts.note_progress()
