"""A month of 100,000 calls: every figure is exact, and no report takes two seconds, on both databases.

Seconds are those of the processor, ours and the database's together: on an idle machine a report takes no longer, and
one that does something else at the same time fails nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.manyfacts import Past, made_up
from support.mariadb import MariaDb, mariadb
from support.statisticscheck import OCTOBER, SINCE, UNTIL, Filled, same

from engine.records.statistics import PLANS, By, Kind, Query

CALLS = 120_000
"""In 36 days, so that October has 100,000."""
SECONDS = 2.0

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def past() -> Past:
    return made_up(11, CALLS, SINCE, UNTIL)


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb() as running:
        # What MariaDB has by itself; that of the tests is small.
        running.run(f"SET GLOBAL innodb_buffer_pool_size = {128 * 1024 * 1024}")
        yield running


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, past: Past) -> Path | MariaDb:
    sqlite = request.param == "sqlite"
    where = tmp_path_factory.mktemp("statistics") / "flowctl.db" if sqlite else request.getfixturevalue("server")
    asyncio.run(Filled(where).fill(past))
    log.info("%s: %s", request.param, {table.name: len(facts) for table, facts in past.tables().items()})
    return where


@pytest.mark.parametrize(
    ("kind", "by"), [(kind, by) for kind in Kind for by in PLANS[kind].by], ids=lambda one: one.value
)
async def test_a_month(place: Path | MariaDb, past: Past, kind: Kind, by: By):
    begun, worked = time.monotonic(), processor(place)
    (made,) = await Filled(place).ask((kind, Query(OCTOBER, by)))
    took, worked = time.monotonic() - begun, processor(place) - worked
    log.info("%s by %s: %.2f s of processor, %.2f s, %d rows", kind.value, by.value, worked, took, len(made.rows))
    if by is not By.WAIT:
        same(made, past)
    assert worked < SECONDS


def processor(place: Path | MariaDb) -> float:
    """Seconds that this process, and that of the database, have had of the processor."""
    own = time.process_time()
    if isinstance(place, Path):
        return own
    fields = Path(f"/proc/{place.process.pid}/stat").read_text().rpartition(")")[2].split()
    return own + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
