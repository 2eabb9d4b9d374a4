"""The contacts of a running server."""

from __future__ import annotations

import asyncio

from engine.outside.ports import Contacts
from engine.records.contacts.lookup import TableContacts
from engine.records.contacts.spelling import Spelling
from engine.server.settings import Settings
from engine.server.store import database_of
from engine.tasks import cancel


class KeptContacts:
    """Made before the server starts, closed after it has stopped."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError. Blocking, when the database has a password."""
        # Connections of its own: calls do not wait behind whatever else the server wants to know.
        self._database = database_of(settings)
        spelling = Spelling(settings.country, settings.telephony.outside_prefix)
        how = settings.contacts
        self._table = TableContacts(self._database, spelling, timeout=how.timeout, expires=how.expires)
        self._following: asyncio.Task[None] | None = None

    @property
    def contacts(self) -> Contacts:
        """What calls ask."""
        return self._table

    def follow(self) -> None:
        """Keep up with the table."""
        self._following = asyncio.create_task(self._table.follow(), name="contacts")

    async def close(self) -> None:
        """Stop, and close the connections."""
        if self._following is not None:
            await cancel(self._following)
        await self._table.close()
        await self._database.close()
