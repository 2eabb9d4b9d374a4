"""Statistics agree with a second computation that shares nothing with them, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
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
