"""What is asked, and what the queries of the reports have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Table, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.formulas import Tally
from engine.records.statistics.slots import By, Period
from engine.records.statistics.stretches import stretches_of

Tallies = dict[str, Tally]
"""The name of a row → its sums."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `target`: who is answered within it is answered in time. `short`: who hangs up within it has hardly
    waited."""

    target: float = 20.0
    short: float = 5.0


@dataclass(frozen=True, slots=True)
class Filters:
    """Only the facts that have these values; None: all."""

    centre: str | None = None
    agent: str | None = None
    did: str | None = None
    scenario: str | None = None
    direction: str | None = None

    def given(self) -> dict[str, str]:
        """Those that are set, by the names of columns."""
        names = ("centre", "agent", "did", "scenario", "direction")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Query:
    """One report over a period."""

    period: Period
    by: By
    limits: Limits = field(default_factory=Limits)
    filters: Filters = field(default_factory=Filters)


class Facts:
    """The rows of one table that a query is about. `where`: only those."""

    def __init__(
        self, connection: AsyncConnection, query: Query, table: Table, where: Sequence[ColumnElement[bool]] = ()
    ) -> None:
        self.connection = connection
        self.query = query
        self.table = table
        self._where = where
        self.stretches = stretches_of(query.period, query.by) if query.by.of_time else None

    @property
    def key(self) -> ColumnElement[Any]:
        """What the rows are grouped by: the stretch of time, or the column of that name."""
        if self.stretches is not None:
            return self.stretches.number(self.table.c.slot)
        if self.query.by is By.WAIT:
            return literal(0)
        return self.table.c[self.query.by.value]

    def name(self, key: Any) -> str:
        """The name of the row of the report that a value of `key` belongs to."""
        if self.stretches is not None:
            return self.stretches.name(key)
        return str(key or "")

    def filtered(self) -> Sequence[ColumnElement[bool]]:
        """Which rows, whatever their time."""
        given = self.query.filters.given().items()
        return [*self._where, *(self.table.c[name] == value for name, value in given)]

    async def grouped(
        self, by: Mapping[str, ColumnElement[Any]], sums: Mapping[str, ColumnElement[Any]]
    ) -> Sequence[Row[Any]]:
        """The sums over the rows that begin in the period, by the key (`key`) and more."""
        period, slot = self.query.period, self.table.c.slot
        named = {"key": self.key, **by}
        statement = (
            select(*(column.label(name) for name, column in {**named, **sums}.items()))
            .where(slot >= period.first, slot < period.end, *self.filtered())
            .group_by(*named)
        )
        return (await self.connection.execute(statement)).all()


def milliseconds(seconds: ColumnElement[Any]) -> ColumnElement[int]:
    """Whole ones: their sums are the same in whatever order a database adds them up."""
    return cast(func.round(seconds * 1000), BigInteger)


def summed(whole: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of whole numbers, 0 of none."""
    return cast(func.coalesce(func.sum(whole), 0), BigInteger)


def class_of(seconds: ColumnElement[Any], edges: Sequence[float]) -> ColumnElement[int]:
    """Position of the first edge that `seconds` do not exceed; behind the last: their count."""
    return case(*((seconds <= edge, position) for position, edge in enumerate(edges)), else_=len(edges))
