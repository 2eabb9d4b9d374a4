"""Days of the server begin where its setting `time_zone` says, whatever the machine's zone is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.clock import Clock
from engine.errors import NotAllowed
from engine.lines.limits import Bounds, Limits
from engine.records.counters import Counters


class Hand(Clock):
    """Set by hand."""

    def __init__(self, at: str) -> None:
        self.at = at

    def now(self) -> datetime:
        return datetime.fromisoformat(self.at).replace(tzinfo=UTC)


ZONES = [
    ("Europe/Paris", "2027-07-13T21:59", "2027-07-13T22:01"),
    ("Asia/Kolkata", "2027-07-13T18:29", "2027-07-13T18:31"),
]


@pytest.mark.parametrize(("zone", "before", "after"), ZONES)
async def test_calls_are_limited_by_the_day_there(zone: str, before: str, after: str, tmp_path: Path) -> None:
    clock = Hand(before)
    limits = await asyncio.to_thread(
        lambda: Limits(Bounds(per_day=1), clock, tmp_path / "dialled.json", zone=ZoneInfo(zone))
    )
    await limits.take()
    with pytest.raises(NotAllowed):
        await limits.take()
    clock.at = after
    await limits.take()


@pytest.mark.parametrize(("zone", "before", "after"), ZONES)
def test_calls_are_counted_by_the_day_there(zone: str, before: str, after: str, tmp_path: Path) -> None:
    clock = Hand(before)
    counters = Counters(tmp_path / "counters.json", clock, ZoneInfo(zone))
    counters.incoming(1)
    clock.at = after
    counters.incoming(1)
    assert (counters.today.incoming, counters.ever.incoming) == (1, 2)
