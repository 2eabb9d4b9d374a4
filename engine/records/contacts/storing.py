"""Puts the contacts of a file into the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Insert, Update, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.contacts.table import CONTACTS, DATE, KEY, RAW, TEXTS, Contact, contact_of
from engine.records.database import Database

CHUNK = 1_000
"""Rows in one statement."""
SECONDS = 600.0
"""A file of a million contacts takes minutes on a slow machine."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class Deeds:
    """What a file changes. A contact of the table is meant by a row with its ident, or, without one, by a row that
    says the same: a file that is taken twice changes nothing the second time."""

    added: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Key of the contact → its columns that change."""
    unchanged: int = 0


async def store(
    database: Database,
    rows: Sequence[Row],
    *,
    dry_run: bool,
    now: datetime | None = None,
    written: Callable[[int, int], object] = lambda _count, _of: None,
) -> Deeds:
    """Put the rows into the table, wholly or not at all; with dry_run, only say what that would do. written: told at
    times how many are written, of how many. Raises DatabaseError."""
    moment = (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0)
    if dry_run:
        planned = await database.read(lambda connection: _plan(connection, rows), SECONDS)
        return planned or Deeds(added=[dict(row) for row in rows])

    async def work(connection: AsyncConnection) -> Deeds:
        deeds = await _plan(connection, rows)
        done = 0
        for statement, values in _statements(deeds, moment):
            await connection.execute(statement, values)
            written(done := done + len(values), len(deeds.added) + len(deeds.changed))
        return deeds

    return await database.write(work, SECONDS)


def _statements(deeds: Deeds, moment: datetime) -> Iterator[tuple[Insert | Update, list[dict[str, Any]]]]:
    """What is done, for many rows at a time."""
    new = [dict.fromkeys((*TEXTS, DATE)) | {DATE: moment} | _given(row) for row in deeds.added]
    yield from ((insert(CONTACTS), part) for part in _parts(new))
    alike: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for key, columns in deeds.changed.items():
        values = {"key": key, DATE: moment} | columns
        alike[frozenset(values)].append(values)
    change = update(CONTACTS).where(CONTACTS.c.nUniqueId == bindparam("key"))
    for same in alike.values():
        yield from ((change, part) for part in _parts(same))


def _parts(values: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (values[begin : begin + CHUNK] for begin in range(0, len(values), CHUNK))


def _given(row: Row) -> dict[str, Any]:
    """Without a date of its own it is the present's."""
    return {name: value for name, value in row.items() if name != DATE or value is not None}


async def _plan(connection: AsyncConnection, rows: Sequence[Row]) -> Deeds:
    by_ident: dict[str, Row] = {}
    nameless: set[tuple[Any, ...]] = set()
    for contact in await _contacts(connection):
        if contact["strIdent"] is None:
            nameless.add(_texts(contact))
        else:
            by_ident[contact["strIdent"].casefold()] = contact
    deeds = Deeds()
    for row in rows:
        ident = row.get("strIdent")
        before = by_ident.get(ident.casefold()) if ident is not None else None
        if before is not None:
            _compare(before, row, deeds)
        elif ident is None and _texts(row) in nameless:
            deeds.unchanged += 1
        else:
            deeds.added.append(dict(row))
            if ident is None:
                nameless.add(_texts(row))
    return deeds


async def _contacts(connection: AsyncConnection) -> Iterator[Contact]:
    rows = (await connection.execute(select(*RAW.values()))).mappings()
    return (contact_of(dict(row)) for row in rows)


def _compare(before: Row, row: Row, deeds: Deeds) -> None:
    """Columns that the file does not have stay as they are."""
    columns = {name: value for name, value in row.items() if before[name] != value}
    if row.get(DATE) is None:
        columns.pop(DATE, None)
    if columns:
        deeds.changed[before[KEY]] = columns
    else:
        deeds.unchanged += 1


def _texts(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in TEXTS)
