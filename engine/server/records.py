"""What a server keeps of what happens: opened before the first call, closed after the last."""

from __future__ import annotations

import sqlite3

from engine.errors import ConfigurationError
from engine.records.facts import Facts
from engine.records.outbox import FILE, Outbox
from engine.server.settings import Settings


class KeptRecords:
    """The outbox, and what fills it."""

    def __init__(self, settings: Settings) -> None:
        self.outbox = Outbox(settings.data / FILE)
        self.facts = Facts(self.outbox, settings.name)

    async def open(self) -> None:
        """Raises ConfigurationError: without its outbox, a server would forget what happens."""
        try:
            await self.outbox.open()
        except (sqlite3.Error, OSError) as error:
            said = (isinstance(error, OSError) and error.strerror) or error
            raise ConfigurationError(f"data: {self.outbox.path} cannot be opened: {said}") from error

    async def close(self) -> None:
        """Write what is to be written."""
        await self.outbox.close()
