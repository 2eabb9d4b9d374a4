"""Statistics agree with a second computation that shares nothing with them, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from support.manyfacts import Past, made_up, write
from support.mariadb import MariaDb, mariadb
from support.plainstatistics import Figures, Plain

from engine.records.meta import META
from engine.records.statistics import PLANS, By, Kind, Period, Query, Report, Row, report

PARIS = ZoneInfo("Europe/Paris")
SINCE, UNTIL = datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
CALLS = 1000

PLAIN: dict[tuple[Kind, Period, By], Figures] = {}
"""What has been computed for one database, and holds for the other."""


@pytest.fixture(scope="module")
def past() -> Past:
    return made_up(7, CALLS, SINCE, UNTIL)


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, past: Past) -> str:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('statistics') / 'facts.db'}"
    else:
        server: MariaDb = request.getfixturevalue("server")
        url = server.url.replace("mysql://", "mysql+aiomysql://") + "&charset=utf8mb4"
    asyncio.run(fill(url, past))
    return url


async def fill(url: str, past: Past) -> None:
    async with connected(url) as connection:
        await connection.run_sync(META.create_all)
        await write(connection, past)
        await connection.commit()


async def ask(url: str, *queries: tuple[Kind, Query]) -> list[Report]:
    async with connected(url) as connection:
        return [await report(connection, kind, query) for kind, query in queries]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def october() -> Period:
    return Period.month(2026, 10, PARIS)


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_figure_is_what_a_second_computation_says(url: str, past: Past, kind: Kind):
    bys = [by for by in PLANS[kind].by if by is not By.WAIT]
    reports = await ask(url, *((kind, Query(october(), by)) for by in bys))
    for by, made in zip(bys, reports, strict=True):
        same(made, past, by)


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/Paris", date(2026, 10, 25), 100),
        ("Australia/Lord_Howe", date(2026, 10, 4), 94),
        ("Asia/Kolkata", date(2026, 10, 25), 96),
        ("Asia/Kathmandu", date(2026, 10, 25), 96),
        ("Africa/Cairo", date(2026, 10, 29), 100),
    ],
)
async def test_a_day_of_any_zone(url: str, past: Past, zone: str, day: date, quarters: int):
    period = Period.days(day, day, ZoneInfo(zone))
    kinds_bys = [(kind, by) for kind in Kind for by in (By.SLOT, By.HOUR, By.DAY)]
    reports = await ask(url, *((kind, Query(period, by)) for kind, by in kinds_bys))
    for (_, by), made in zip(kinds_bys, reports, strict=True):
        same(made, past, by)
        assert by is not By.SLOT or len(made.rows) == quarters


def same(made: Report, past: Past, by: By) -> None:
    """Every row and every figure in it, and no fact in no row."""
    period = made.query.period
    plain = PLAIN.get((made.kind, period, by))
    if plain is None:
        computed = Plain(past, period.since, period.until, period.zone, by.value)
        plain = PLAIN[made.kind, period, by] = getattr(computed, made.kind.value)()
    rows = {row.key: row for row in made.rows}
    assert plain.keys() <= rows.keys()
    for key, row in rows.items():
        if key in plain:
            assert figures(row) == {"pauses": {}} | plain[key], (made.kind, by, key)
        else:
            assert not any(row.values.values()), (made.kind, by, key)
    assert (
        sum(row.values[made.measures[0].name] or 0 for row in made.rows) == made.total.values[made.measures[0].name]
    )


def figures(row: Row) -> dict[str, Any]:
    return {**row.values, "pauses": {reason: length for reason, length in row.pauses.items() if length}}
