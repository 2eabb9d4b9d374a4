"""Statistics agree with a second computation that shares nothing with them, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.manyfacts import Past, made_up
from support.mariadb import MariaDb, mariadb
from support.statisticscheck import OCTOBER, SINCE, UNTIL, Filled, same

from engine.records.statistics import PLANS, By, Filters, Kind, Period, Query

CALLS = 700


@pytest.fixture(scope="module")
def past() -> Past:
    return made_up(7, CALLS, SINCE, UNTIL)


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, past: Past) -> Filled:
    sqlite = request.param == "sqlite"
    where = tmp_path_factory.mktemp("statistics") / "flowctl.db" if sqlite else request.getfixturevalue("server")
    database = Filled(where)
    asyncio.run(database.fill(past))
    return database


@pytest.mark.parametrize("kind", list(Kind))
async def test_every_figure_is_what_a_second_computation_says(filled: Filled, past: Past, kind: Kind):
    bys = [by for by in PLANS[kind].by if by is not By.WAIT]
    for made in await filled.ask(*((kind, Query(OCTOBER, by)) for by in bys)):
        same(made, past)


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
async def test_a_day_of_any_zone(filled: Filled, past: Past, zone: str, day: date, quarters: int):
    period = Period.days(day, day, ZoneInfo(zone))
    queries = [(kind, Query(period, by)) for kind in Kind for by in (By.SLOT, By.HOUR, By.DAY)]
    for made in await filled.ask(*queries):
        same(made, past)
        assert made.query.by is not By.SLOT or len(made.rows) == quarters


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Kind.CALLS, "scenario", "call_centre"),
        (Kind.CALLS, "direction", "out"),
        (Kind.CENTRES, "centre", "support"),
        (Kind.WAITING, "centre", "après-vente"),
        (Kind.AGENTS, "agent", "anne"),
    ],
)
async def test_of_one_alone(filled: Filled, past: Past, kind: Kind, name: str, value: str):
    """`support` is another centre than `Support`, and `anne` another agent than `Anne`."""
    (made,) = await filled.ask((kind, Query(OCTOBER, By.DAY, filters=Filters(**{name: value}))))
    tables = {"calls": past.calls, "searches": past.searches, "offers": past.offers}
    others = {
        table: [fact for fact in facts if fact[name] == value] for table, facts in tables.items() if name in facts[0]
    }
    times = {"sessions": past.sessions, "states": past.states}
    times = {table: [fact for fact in facts if fact.get(name) == value] for table, facts in times.items()}
    alone = Past(**{"calls": [], "searches": [], "offers": []} | others, **times)
    same(made, alone)
    assert made.total.values[made.measures[0].name]


async def test_classes_of_waiting_hold_every_search_once(filled: Filled, past: Past):
    (made,) = await filled.ask((Kind.WAITING, Query(OCTOBER, By.WAIT)))
    searches = [one for one in past.searches if OCTOBER.since <= one["started"] < OCTOBER.until]
    edges = [0.0, *(float(row.key) for row in made.rows[:-1]), float("inf")]
    assert made.rows[-1].key == ""
    for low, high, row in zip([-1.0, *edges[1:-1]], edges[1:], made.rows, strict=True):
        waits = [one["outcome"] for one in searches if low < one["waited"] <= high]
        assert row.values["offered"] == len(waits)
        assert row.values["answered"] == waits.count("transferred")
        assert row.values["abandoned"] == waits.count("caller_hung_up")
    assert made.total.values["offered"] == len(searches)


async def test_what_lasts_across_midnight_when_clocks_are_put_forward(tmp_path: Path):
    """The day has 23 hours: what began in the night may reach into the next day sooner than its length says."""
    night = datetime(2026, 3, 29, 0, 30, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    kept = {"agent": "201", "reason": "", "call": "", "centre": ""}
    states = [
        {**kept, "id": f"{hours}", "state": "available", "since": night, "duration": hours * 3600.0}
        for hours in (0.2, 1, 12, 22, 22.25, 22.5, 22.75, 23, 23.5, 47)
    ]
    past = Past([], [], [], [], states)
    database = Filled(tmp_path / "flowctl.db")
    await database.fill(past)
    paris = ZoneInfo("Europe/Paris")
    midday = datetime(2026, 3, 29, 12, 0, tzinfo=paris)
    periods = [
        Period.days(date(2026, 3, 28), date(2026, 3, 31), paris),
        Period.between(midday - timedelta(hours=11, minutes=30), midday, paris),
        Period.between(midday, midday + timedelta(days=1), paris),
    ]
    bys = (By.AGENT, By.SLOT, By.HALF_HOUR, By.HOUR, By.DAY, By.WEEK, By.MONTH, By.WEEKDAY_HOUR)
    for made in await database.ask(*((Kind.AGENTS, Query(period, by)) for period in periods for by in bys)):
        same(made, past)
        assert made.total.values["available"]
