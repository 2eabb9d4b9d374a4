"""Time that passes: each interval counts in the quarters of an hour in which it lies, not in that of its beginning.

The database adds up what lies in the same quarters. Of n intervals that begin in one quarter and end in another, the
first has what is left of it after their beginnings, those between the two are whole, and the last has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, case, cast, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from engine.records.statistics.query import Facts, milliseconds, summed
from engine.records.tables import SLOT_SECONDS

SLOT = SLOT_SECONDS * 1000
"""Milliseconds of a quarter of an hour."""

LOOKBACK = 31 * 86400 // SLOT_SECONDS
"""An interval that begins so many quarters of an hour before the period, or earlier, is not looked for."""


class _SinceTheHour(FunctionElement[int]):
    """Milliseconds of a time since its last full hour."""

    type = BigInteger()
    inherit_cache = True


@compiles(_SinceTheHour, "sqlite")
def _of_a_text(element: Any, compiler: Any, **options: Any) -> str:
    # 2026-10-25 01:02:03.004000
    time = compiler.process(element.clauses, **options)
    return f"(substr({time}, 15, 2) * 60000 + substr({time}, 18, 2) * 1000 + substr({time}, 21, 3))"


@compiles(_SinceTheHour, "mysql")
@compiles(_SinceTheHour, "mariadb")
def _of_a_time(element: Any, compiler: Any, **options: Any) -> str:
    time = compiler.process(element.clauses, **options)
    return f"(MINUTE({time}) * 60000 + SECOND({time}) * 1000 + MICROSECOND({time}) DIV 1000)"


Spent = tuple[str, str, int]
"""The name of a row of the report, a further name, and milliseconds."""


async def spent(facts: Facts, since: ColumnElement[Any], name: ColumnElement[Any]) -> list[Spent]:
    """The time of the period that lies in the intervals, by the rows of the report and a further name. An interval
    begins at `since`, a column of the table of `facts`, and has a column `duration`."""
    columns, period = facts.table.c, facts.query.period
    slot, duration = columns.slot, milliseconds(columns.duration)
    after = _SinceTheHour(since) % SLOT
    ended = after + duration
    span: ColumnElement[int] = cast((ended - ended % SLOT) / SLOT, BigInteger)
    place: ColumnElement[int] = slot
    key = facts.key
    if not facts.query.by.of_time:
        # Where only the ends of the period cut, what lies within it is one sum.
        inside = and_(slot >= period.first, slot + span < period.end)
        place, span = case((inside, -1), else_=slot), case((inside, 0), else_=span)
    statement = (
        select(
            key.label("key"),
            name.label("name"),
            place.label("place"),
            span.label("span"),
            func.count().label("intervals"),
            summed(duration).label("length"),
            summed(after).label("after"),
        )
        .where(
            slot >= period.first - LOOKBACK,
            slot < period.end,
            or_(slot >= period.first, columns.duration > (period.first - 1 - slot) * SLOT_SECONDS),
            *facts.filtered(),
        )
        .group_by("key", "name", "place", "span")
    )
    found: list[Spent] = []
    for row in (await facts.connection.execute(statement)).all():
        if row.place < 0:
            found.append((facts.name(row.key), row.name, row.length))
            continue
        pieces = (piece for piece in _pieces(row) if period.first <= piece[0] < period.end)
        of_time = facts.query.by.of_time
        found.extend((facts.name(place if of_time else row.key), row.name, part) for place, part in pieces)
    return found


def _pieces(row: Row[Any]) -> Iterator[tuple[int, int]]:
    """The quarters of an hour that the intervals of one group lie in, each with its milliseconds."""
    if not row.span:
        yield row.place, row.length
        return
    whole = row.intervals * SLOT
    head = whole - row.after
    yield row.place, head
    for slot in range(row.place + 1, row.place + row.span):
        yield slot, whole
    yield row.place + row.span, row.length - head - whole * (row.span - 1)
