"""What happens, on its way to the records."""

from __future__ import annotations

from typing import Any

from engine.call.record import CallRecord
from engine.records.journals import journal_entry
from engine.records.outbox import Entry, Outbox


class Facts:
    """Turns what happens on a server into entries of its outbox: noted when it begins, kept when it is over."""

    def __init__(self, outbox: Outbox, server: str) -> None:
        """server: the name of this one, by which its rows are known."""
        self._outbox = outbox
        self._server = server
        self.journals = False
        """Whether calls go to the journals, too."""

    def call_begins(self, record: CallRecord) -> None:
        """A call has a record from now on, whatever happens to us."""
        self._outbox.begin(self._call(record))

    async def call_over(self, record: CallRecord) -> None:
        """Keep the record of a call; returns when it is on the disk."""
        call = self._call(record)
        journal = [journal_entry(call.body, connected=record.connected)] if self.journals else []
        await self._outbox.put(call, *journal)

    def _call(self, record: CallRecord) -> Entry:
        return Entry("call", record.id, self._of_ours(record.as_dict()))

    def _of_ours(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "server": self._server}
