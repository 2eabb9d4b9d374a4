"""Quarters of an hour and local time: none is lost, none counted twice, in any zone, on any day."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.statistics import By, Period
from engine.records.statistics.stretches import Stretches

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))
DAYS = st.dates(date(2012, 1, 1), date(2035, 12, 31))
PARIS = ZoneInfo("Europe/Paris")


@settings(max_examples=150, deadline=None)
@given(ZONES, DAYS, st.integers(0, 40))
def test_each_quarter_of_an_hour_is_of_the_day_that_its_clocks_show(name: str, first: date, more: int):
    zone, last = ZoneInfo(name), first + timedelta(days=more)
    period = Period.days(first, last, zone)
    for slot, key in enumerate(period.keys(By.DAY), period.first):
        begins, ends = EPOCH + QUARTER * slot, EPOCH + QUARTER * (slot + 1) - timedelta(microseconds=1)
        assert key == begins.astimezone(zone).date().isoformat() == ends.astimezone(zone).date().isoformat()
    before, after = EPOCH + QUARTER * (period.first - 1), EPOCH + QUARTER * period.end
    assert before.astimezone(zone).date() < first
    assert after.astimezone(zone).date() > last
    assert period.since.date() == first


@settings(max_examples=150, deadline=None)
@given(ZONES, DAYS, st.sampled_from([by for by in By if by.of_time]))
def test_rows_are_stretches_that_follow_one_another(name: str, day: date, by: By):
    """The database groups by the number of a stretch: all its quarters belong to one row, and none is in two."""
    period = Period.days(day, day + timedelta(days=2), ZoneInfo(name))
    stretches, keys = Stretches(period, by), period.keys(by)
    assert [stretches.name_of(slot) for slot in range(period.first, period.end)] == keys
    if by is not By.WEEKDAY_HOUR:
        changes = sum(one != other for one, other in pairwise(keys))
        assert changes == len(set(keys)) - 1
    assert stretches.names == list(dict.fromkeys(keys))


@pytest.mark.parametrize(
    ("zone", "day", "hours", "rows", "longest"),
    [
        ("Europe/Paris", date(2026, 3, 29), 23, 23, 4),
        ("Europe/Paris", date(2026, 10, 25), 25, 25, 4),
        # Half an hour: the clocks show half of the hour twice, or not at all.
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5, 25, 4),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5, 24, 4),
        # At midnight: the day begins at one, or has two last hours.
        ("America/Santiago", date(2026, 9, 6), 23, 23, 4),
        ("America/Santiago", date(2026, 4, 4), 25, 25, 4),
        ("Asia/Kathmandu", date(2026, 10, 25), 24, 24, 4),
        ("UTC", date(2026, 10, 25), 24, 24, 4),
    ],
)
def test_the_hours_of_a_day(zone: str, day: date, hours: float, rows: int, longest: int):
    period = Period.days(day, day, ZoneInfo(zone))
    counts = Counter(period.keys(By.HOUR))
    assert (sum(counts.values()) / 4, len(counts), max(counts.values())) == (hours, rows, longest)


def test_the_hour_that_comes_twice_is_there_twice():
    period = Period.between(datetime(2026, 10, 25, 2), datetime(2026, 10, 25, 3), PARIS)  # noqa: DTZ001
    assert list(dict.fromkeys(period.keys(By.HOUR))) == ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]
    assert len(set(period.keys(By.HALF_HOUR))) == 4
    assert len(set(period.keys(By.SLOT))) == 8
    assert set(period.keys(By.WEEKDAY_HOUR)) == {"7T02"}


def test_weeks_and_months():
    period = Period.days(date(2026, 12, 27), date(2027, 1, 4), PARIS)
    assert list(dict.fromkeys(period.keys(By.WEEK))) == ["2026-W52", "2026-W53", "2027-W01"]
    assert list(dict.fromkeys(period.keys(By.MONTH))) == ["2026-12", "2027-01"]
    assert Period.month(2026, 12, PARIS).until == datetime(2027, 1, 1, tzinfo=PARIS)


def test_a_period_is_of_whole_quarters_and_has_a_length():
    with pytest.raises(ValueError, match="2026-10-25 08:07:00"):
        Period.between(datetime(2026, 10, 25, 8, 7, tzinfo=PARIS), datetime(2026, 10, 26, tzinfo=PARIS), PARIS)
    with pytest.raises(ValueError, match="before it begins"):
        Period.days(date(2026, 10, 26), date(2026, 10, 25), PARIS)
