"""What has happened, from the database and from the outbox of this server: what waits there is not lost, only not
drained yet."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.database import Database
from engine.records.outbox import Entry, waiting_in
from engine.records.tables import CALLS, OFFERS, RECORDINGS, SEARCHES, STEPS, stored

CHUNK = 500
"""Ids in one question to the database: SQLite takes 32,766 values, older ones 999."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: all conditions hold. `since` is in, `until` is out; both are aware. `limit`: the newest ones."""

    since: datetime | None = None
    until: datetime | None = None
    id: str | None = None
    did: str | None = None
    cli: str | None = None
    """As presented, or in E.164."""
    agent: str | None = None
    result: str | None = None
    limit: int | None = None

    def query(self) -> Select[Any]:
        """The newest first."""
        query = select(CALLS)
        if self.since is not None:
            query = query.where(CALLS.c.started >= stored(self.since))
        if self.until is not None:
            query = query.where(CALLS.c.started < stored(self.until))
        if self.cli is not None:
            query = query.where((CALLS.c.cli == self.cli) | (CALLS.c.caller == self.cli))
        for name, value in self._equal():
            query = query.where(CALLS.c[name] == value)
        return query.order_by(CALLS.c.started.desc(), CALLS.c.id.desc()).limit(self.limit)

    def fits(self, record: Record) -> bool:
        """Whether a record is one of them."""
        started = _moment(record)
        return (
            (self.since is None or started >= self.since)
            and (self.until is None or started < self.until)
            and (self.cli is None or self.cli in (record["cli"], record["caller"]))
            and all(record[name] == value for name, value in self._equal())
        )

    def _equal(self) -> Iterator[tuple[str, str]]:
        for name in ("id", "did", "agent", "result"):
            value: str | None = getattr(self, name)
            if value is not None:
                yield name, value


async def find_calls(database: Database, outbox: Path, wanted: Wanted, *, offers: bool = False) -> list[Record]:
    """Calls that are over, the newest last, each as `CallRecord.as_dict` has it, and the `server`.

    offers: with `searches`, and their `offers`, as the tables have them. Raises DatabaseError, and ConfigurationError
    when the outbox cannot be read.
    """
    # First those that wait: one that is drained meanwhile is found twice, and not missed.
    waiting = await asyncio.to_thread(waiting_in, outbox, ("call", "search", "offer") if offers else ("call",))
    found = {entry.id: entry.body for entry in waiting if entry.kind == "call" and wanted.fits(entry.body)}

    async def work(connection: AsyncConnection) -> None:
        if await connection.run_sync(_has_tables):
            found.update(await _calls(connection, wanted))

    await database.read(work)
    calls = sorted(found.values(), key=lambda record: (_moment(record), record["id"]))
    calls = calls if wanted.limit is None else calls[max(0, len(calls) - wanted.limit) :]
    if offers:
        ids = [call["id"] for call in calls]
        for name, table, kind in (("searches", SEARCHES, "search"), ("offers", OFFERS, "offer")):
            rows = {row["id"]: row for entry in waiting if entry.kind == kind for row in _rows(entry)}
            rows.update(await _belonging(database, table, ids))
            belonging = _by_call(rows.values())
            calls = [{**call, name: belonging.get(call["id"], [])} for call in calls]
    return calls


async def _calls(connection: AsyncConnection, wanted: Wanted) -> dict[str, Record]:
    rows = {row.id: row for row in await connection.execute(wanted.query())}
    steps = _grouped(await _parts(connection, STEPS, list(rows)))
    recordings = _grouped(await _parts(connection, RECORDINGS, list(rows)))
    return {id_: _record(row, steps[id_], recordings[id_]) for id_, row in rows.items()}


async def _parts(connection: AsyncConnection, table: Table, ids: Sequence[str]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(ids), CHUNK):
        query = select(table).where(table.c.call.in_(ids[start : start + CHUNK]))
        found += await connection.execute(query.order_by(table.c.call, table.c.position))
    return found


async def _belonging(database: Database, table: Table, ids: Sequence[str]) -> dict[str, Record]:
    """The rows of those calls, by their ids."""

    async def work(connection: AsyncConnection) -> dict[str, Record]:
        found: dict[str, Record] = {}
        if await connection.run_sync(_has_tables):
            for start in range(0, len(ids), CHUNK):
                query = select(table).where(table.c.call.in_(ids[start : start + CHUNK]))
                found.update({row.id: _plain(row._mapping) for row in await connection.execute(query)})
        return found

    return await database.read(work) or {}


def _rows(entry: Entry) -> Iterator[Record]:
    yield {name: value for name, value in entry.body.items() if name != "others"}
    yield from entry.body.get("others", ())


def _grouped(rows: Iterable[Row[Any]]) -> defaultdict[str, list[Row[Any]]]:
    by_call: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_call[row.call].append(row)
    return by_call


def _record(row: Row[Any], steps: Iterable[Row[Any]], recordings: Iterable[Row[Any]]) -> Record:
    """As `CallRecord.as_dict`."""
    return {
        "id": row.id,
        "direction": row.direction,
        "did": row.did,
        "cli": row.cli,
        "caller": row.caller,
        "channel": row.channel,
        "scenario": row.scenario,
        "version": row.version,
        "started": _text(row.started),
        "answered": row.answered,
        "duration": row.duration,
        "path": [{"node": s.node, "type": s.type, "outcome": s.outcome, "at": s.at} for s in steps],
        "keys": row.keys,
        "result": row.result,
        "reason": row.reason,
        "agent": row.agent,
        "transferred_to": row.transferred_to,
        "recordings": [
            {"kind": r.kind, "file": r.file, "duration": r.duration, **json.loads(r.details)} for r in recordings
        ],
        "warnings": json.loads(row.warnings),
        "server": row.server,
    }


def _plain(row: Mapping[Any, Any]) -> Record:
    """A row as the body of its entry: without the slot, times as texts."""
    return {
        name: _text(value) if isinstance(value, datetime) else value for name, value in row.items() if name != "slot"
    }


def _by_call(rows: Collection[Record]) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.get("offered") or row["started"]):
        found[row["call"]].append(row)
    return found


def _text(stored_time: datetime) -> str:
    return stored_time.replace(tzinfo=UTC).isoformat(timespec="milliseconds")


def _moment(record: Record) -> datetime:
    return datetime.fromisoformat(record["started"])


def _has_tables(connection: Connection) -> bool:
    return inspect(connection).has_table(CALLS.name)
