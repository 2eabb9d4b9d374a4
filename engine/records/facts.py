"""What happens, on its way to the records."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from engine.call.record import CallRecord
from engine.centres.chronicle import Chronicle, Fact, OfferFact, SearchFact, SessionFact, StateFact
from engine.clock import Clock
from engine.records.journals import journal_entry
from engine.records.outbox import Entry, Outbox

PATIENCE = 0.1
"""Seconds that a record waits for others. The line has been told that the call is over by then, and nobody waits."""

TOGETHER = 20
"""Facts in one entry, at most: what is stored in one transaction stays bounded."""

Progress = tuple[int, str, str | None, int]


class Facts(Chronicle):
    """Turns what happens on a server into entries of its outbox: noted when it begins, kept when it is over."""

    def __init__(self, outbox: Outbox, server: str, clock: Clock) -> None:
        """server: the name of this one, by which its rows are known."""
        self._outbox = outbox
        self._clock = clock
        self._server = server
        self._up: dict[str, tuple[CallRecord, Progress]] = {}
        """Calls that are up, and how far they were when that was noted."""
        self._waits: dict[str, tuple[SearchFact, frozenset[str]]] = {}
        """Searches that go on, and which offers were open when that was noted."""
        self.journals = False
        """Whether calls go to the journals, too."""

    def call_begins(self, record: CallRecord) -> None:
        """A call has a record from now on, whatever happens to us."""
        self._up[record.id] = record, _progress(record)
        self._outbox.begin(self._call(record))

    def note_progress(self) -> None:
        """Note how far the calls are that are up, and who is shown those that wait: were we killed, this much would
        be known of them."""
        for wait, known in tuple(self._waits.values()):
            if (shown := _shown(wait)) != known:
                self._waits[wait.id] = wait, shown
                self._outbox.begin(Entry(wait.kind, wait.id, self._begun(wait)))
        for record, noted in tuple(self._up.values()):
            if (now := _progress(record)) != noted:
                self._up[record.id] = record, now
                self._outbox.begin(self._call(record))

    async def call_over(self, record: CallRecord) -> None:
        """Keep the record of a call; returns when it is on the disk."""
        self._up.pop(record.id, None)
        call = self._call(record)
        journal = [journal_entry(call.body, connected=record.connected)] if self.journals else []
        await self._outbox.put(call, *journal, patience=PATIENCE)

    def begins(self, fact: Fact) -> None:
        if isinstance(fact, SearchFact):
            self._waits[fact.id] = fact, _shown(fact)
        self._outbox.begin(Entry(fact.kind, fact.id, self._begun(fact)))

    def over(self, *facts: Fact) -> None:
        for fact in facts:
            self._waits.pop(fact.id, None)
        for start in range(0, len(facts), TOGETHER):
            first, *others = facts[start : start + TOGETHER]
            body = self._body(first)
            if others:
                body["others"] = [self._body(fact) for fact in others]
            self._outbox.post(Entry(first.kind, first.id, body))

    def _begun(self, fact: Fact) -> dict[str, Any]:
        """With the offers that are told when they are over, and not before."""
        body = self._body(fact)
        if isinstance(fact, SearchFact):
            shown = _shown(fact)
            body["shown"] = [self._body(offer) for offer in fact.offers.values() if offer.id in shown]
        return body

    def _body(self, fact: Fact) -> dict[str, Any]:
        if fact.moment is None:
            fact.moment = self._clock.now() - timedelta(seconds=fact.elapsed())
        body = {name: _rounded(getattr(fact, name)) for name in _COLUMNS[fact.kind]}
        body[fact.time] = fact.moment.isoformat(timespec="milliseconds")
        body["server"] = self._server
        return body

    def _call(self, record: CallRecord) -> Entry:
        return Entry("call", record.id, {**record.as_dict(), "server": self._server})


_COLUMNS = {
    one.kind: tuple(part.name for part in dataclasses.fields(one) if part.name not in ("began", "moment", "offers"))
    for one in (SearchFact, OfferFact, SessionFact, StateFact)
}


def _progress(record: CallRecord) -> Progress:
    return len(record.path), record.keys, record.agent, len(record.recordings)


def _shown(wait: SearchFact) -> frozenset[str]:
    """Ids of the offers that nobody was told of when they began."""
    return frozenset(offer.id for offer in wait.offers.values() if offer.manner == "all")


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
