"""Reports on a made-up month, compared with a second computation of every figure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from support.manyfacts import Past, write
from support.mariadb import MariaDb
from support.plainstatistics import Figures, Plain

from engine.records.database import Database
from engine.records.mariadb import MariaDbServer
from engine.records.statistics import By, Kind, Period, Query, Report, Row, report

PARIS = ZoneInfo("Europe/Paris")
SINCE, UNTIL = datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
OCTOBER = Period.month(2026, 10, PARIS)
"""With the day on which the clocks are put back."""

PLAIN: dict[tuple[int, Kind, Period, By], tuple[Past, Figures]] = {}
"""What has been computed for one database, and holds for the other. The past is kept: its id is its own."""


class Filled:
    """A database with a past in it."""

    def __init__(self, where: Path | MariaDb) -> None:
        self._where = where if isinstance(where, Path) else MariaDbServer(where.url, None)

    async def fill(self, past: Past) -> None:
        """Make the tables, and write."""
        database = Database(self._where)
        await database.write(lambda connection: write(connection, past), 600)
        await database.close()

    async def ask(self, *queries: tuple[Kind, Query]) -> list[Report]:
        """One report after the other."""
        database = Database(self._where)
        try:
            found = [await database.read(lambda it, q=query: report(it, *q), 60) for query in queries]
        finally:
            await database.close()
        return [one for one in found if one is not None]


def same(made: Report, past: Past) -> None:
    """Every row is there with every figure, and no fact is in none."""
    period, by = made.query.period, made.query.by
    known = (id(past), made.kind, period, by)
    if known not in PLAIN:
        computed = Plain(past, period.since, period.until, period.zone, by.value)
        PLAIN[known] = past, getattr(computed, made.kind.value)()
    (_, plain), rows = PLAIN[known], {row.key: row for row in made.rows}
    assert plain.keys() <= rows.keys()
    for key, row in rows.items():
        if key in plain:
            assert figures(row) == {"pauses": {}} | plain[key], (made.kind, by, key)
        else:
            assert not any(row.values.values()), (made.kind, by, key)
    first = made.measures[0].name
    assert sum(row.values[first] or 0 for row in made.rows) == made.total.values[first]


def figures(row: Row) -> dict[str, Any]:
    return {**row.values, "pauses": {reason: length for reason, length in row.pauses.items() if length}}
