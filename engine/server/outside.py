"""The outside parts of one server, as far as its settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audio.recordings import FOLDER
from engine.audio.voices import EspeakVoice, NoVoice, Voice
from engine.outside.absent import NoDatabases, NoHttp, NoMailboxes
from engine.outside.mailboxes import KeptMailboxes
from engine.outside.ports import Databases, HttpClient, Mailboxes
from engine.server.kept_contacts import KeptContacts
from engine.server.mailboxes import pins_of
from engine.server.passwords import database_passwords

if TYPE_CHECKING:
    from engine.outside.databases import SqlDatabases
    from engine.outside.http import HttpxClient
    from engine.server.settings import Settings


class Outside:
    """Databases, web services, mailboxes and contacts. Made before the server starts, closed after it has stopped."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError. Blocking: reads passwords and certificates."""
        self._sql: SqlDatabases | None = None
        self._client: HttpxClient | None = None
        if settings.databases:
            from engine.outside.databases import SqlDatabases

            urls = {name: database.url for name, database in settings.databases.items()}
            self._sql = SqlDatabases(urls, database_passwords(settings), settings.folder)
        if settings.http.allow:
            from engine.outside.http import HttpxClient

            self._client = HttpxClient(settings.http.allow, settings.http.limit)
        self.databases: Databases = self._sql or NoDatabases()
        self.http: HttpClient = self._client or NoHttp()
        self.mailboxes: Mailboxes = NoMailboxes()
        if settings.mailboxes:
            pins = pins_of(settings.mailboxes, settings.folder)
            self.mailboxes = KeptMailboxes(settings.data / FOLDER, pins)
        self._contacts = KeptContacts(settings)
        self.contacts = self._contacts.contacts

    def start(self) -> None:
        """Begin to keep up with what changes."""
        self._contacts.follow()

    async def close(self) -> None:
        """Close what is open."""
        if self._sql is not None:
            await self._sql.close()
        if self._client is not None:
            await self._client.close()
        await self._contacts.close()


def voice_of(settings: Settings) -> Voice:
    """What speaks."""
    return EspeakVoice() if settings.voice == "espeak-ng" else NoVoice()
