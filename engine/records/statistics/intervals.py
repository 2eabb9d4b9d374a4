"""Time that passes: each interval counts in the quarters of an hour in which it lies, not in that of its beginning.

The database adds up what lies in the same quarters. Of n intervals that begin in one quarter and end in another, the
first has what is left of it after their beginnings, those between the two are whole, and the last has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select

from engine.records.statistics.portable import Quotient, SinceTheHour
from engine.records.statistics.query import Facts, milliseconds, summed
from engine.records.tables import SLOT_SECONDS

SLOT = SLOT_SECONDS * 1000
"""Milliseconds of a quarter of an hour."""

LOOKBACK = 31 * 86400 // SLOT_SECONDS
"""An interval that begins so many quarters of an hour before the period, or earlier, is not looked for."""

_MANY = 10**6
"""More quarters of an hour than an interval has: 28 years."""


Spent = tuple[str, str, int]
"""The name of a row of the report, a further name, and milliseconds."""


async def spent(facts: Facts, since: ColumnElement[Any], name: ColumnElement[Any]) -> list[Spent]:
    """The time of the period that lies in the intervals, by the rows of the report and a further name. An interval
    begins at `since`, a column of the table of `facts`, and has a column `duration`."""
    period, stretches = facts.query.period, facts.stretches
    found: list[Spent] = []
    for row in (await facts.connection.execute(_statement(facts, since, name))).all():
        if row.place < 0:
            found.append((facts.name(row.key), row.name, row.length))
            continue
        for slot, part in _pieces(row):
            if period.first <= slot < period.end:
                of_row = facts.name(row.key) if stretches is None else stretches.name_of(slot)
                found.append((of_row, row.name, part))
    return found


def _statement(facts: Facts, since: ColumnElement[Any], name: ColumnElement[Any]) -> Select[Any]:
    columns, period, key = facts.table.c, facts.query.period, facts.key
    slot, duration = columns.slot, milliseconds(columns.duration)
    after = SinceTheHour(since) % SLOT
    to_the_end = case((slot < period.first, -1), else_=period.end - 1 - slot)
    left = to_the_end if facts.stretches is None else facts.stretches.left(slot)
    # What surely lies within one row of the report is one sum, without a look at the time; the rest is cut here.
    inside = Quotient(duration, SLOT) < left
    return (
        select(
            key.label("key"),
            name.label("name"),
            case((inside, -1), else_=slot * _MANY + Quotient(after + duration, SLOT)).label("place"),
            func.count().label("intervals"),
            summed(duration).label("length"),
            summed(case((inside, 0), else_=after)).label("after"),
        )
        .where(
            slot >= period.first - LOOKBACK,
            slot < period.end,
            or_(slot >= period.first, columns.duration > (period.first - 1 - slot) * SLOT_SECONDS),
            *facts.filtered(),
        )
        .group_by("key", "name", "place")
    )


def _pieces(row: Row[Any]) -> Iterator[tuple[int, int]]:
    """The quarters of an hour that the intervals of one group lie in, each with its milliseconds."""
    first, span = divmod(row.place, _MANY)
    if not span:
        yield first, row.length
        return
    whole = row.intervals * SLOT
    head = whole - row.after
    yield first, head
    for slot in range(first + 1, first + span):
        yield slot, whole
    yield first + span, row.length - head - whole * (span - 1)
