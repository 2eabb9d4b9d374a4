"""A month of 100,000 calls: every figure is exact, and no report takes two seconds, on both databases."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

import pytest
from support.manyfacts import Past, made_up
from support.mariadb import MariaDb, mariadb
from support.statisticscheck import OCTOBER, SINCE, UNTIL, Filled, same

from engine.records.statistics import PLANS, By, Kind, Query

CALLS = 120_000
"""In 36 days, so that October has 100,000."""
SECONDS = 2.0
TRIES = 3
"""The machine may do something else at the same time."""

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def past() -> Past:
    return made_up(11, CALLS, SINCE, UNTIL)


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
    log.info("%s: %s", request.param, {table.name: len(facts) for table, facts in past.tables().items()})
    return database


@pytest.mark.parametrize(
    ("kind", "by"), [(kind, by) for kind in Kind for by in PLANS[kind].by], ids=lambda one: one.value
)
async def test_a_month(filled: Filled, past: Past, kind: Kind, by: By):
    best = SECONDS
    for _ in range(TRIES):
        begun = time.monotonic()
        (made,) = await filled.ask((kind, Query(OCTOBER, by)))
        best = min(best, time.monotonic() - begun)
        if best < SECONDS:
            break
    log.info("%s by %s: %.2f s, %d rows", kind.value, by.value, best, len(made.rows))
    if by is not By.WAIT:
        same(made, past)
    assert best < SECONDS
