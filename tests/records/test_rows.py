"""What the engine writes down has every column of its table, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from engine.call.record import CallRecord, Step
from engine.centres.chronicle import Fact, OfferFact, SearchFact, SessionFact, StateFact
from engine.clock import SystemClock
from engine.records.facts import Facts
from engine.records.outbox import Entry, Outbox
from engine.records.rows import rows_of
from engine.records.tables import CALLS, KINDS, RECORDINGS, STEPS


class Noted(Outbox):
    """Keeps in memory what it is given."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def begin(self, entry: Entry) -> None:
        self.entries.append(entry)

    def post(self, *entries: Entry) -> None:
        self.entries += entries

    async def put(self, *entries: Entry, patience: float = 0.0) -> None:
        self.entries += entries


async def test_a_call(tmp_path: Path) -> None:
    record = CallRecord("1", "32", "", "", "sip/1", "x", "1", datetime(2027, 7, 13, tzinfo=UTC))
    record.path.append(Step("welcome", "play", 0.0))
    record.add_recording("voicemail", tmp_path / "1.wav", 3.0, mailbox="32")
    outbox = Noted()
    await Facts(outbox, "main", SystemClock()).call_over(record)
    rows = list(rows_of(outbox.entries[0]))
    assert [table for table, _ in rows] == [CALLS, STEPS, RECORDINGS]
    assert all(row.keys() == set(table.columns.keys()) for table, row in rows)
    assert outbox.entries[0].body.keys() - {"path", "recordings"} == set(CALLS.columns.keys()) - {"slot"}


def facts() -> list[Fact]:
    return [
        SearchFact(call="1", node="find", centre="support", method="broadcast"),
        OfferFact(call="1", search="2", agent="201", centre="support", manner="all"),
        SessionFact(agent="201", extension="17"),
        StateFact(agent="201", state="available", reason="", call="", centre=""),
    ]


async def test_what_ended_at_the_same_moment_goes_together() -> None:
    outbox = Noted()
    offers = [OfferFact(call="1", search="2", agent=str(n), centre="support", manner="all") for n in range(50)]
    Facts(outbox, "main", SystemClock()).over(*offers)
    assert len(outbox.entries) == 3
    rows = [row for entry in outbox.entries for _, row in rows_of(entry)]
    assert [row["agent"] for row in rows] == [str(n) for n in range(50)]
    assert {row["id"] for row in rows} == {offer.id for offer in offers}


async def test_what_centres_and_agents_do() -> None:
    outbox = Noted()
    written = Facts(outbox, "main", SystemClock())
    for fact in facts():
        written.over(fact)
    assert {entry.kind for entry in outbox.entries} == KINDS.keys() - {"call"}
    for entry in outbox.entries:
        ((table, row),) = rows_of(entry)
        assert table is KINDS[entry.kind]
        assert row.keys() == set(table.columns.keys())
        assert entry.body.keys() == set(table.columns.keys()) - {"slot"}
