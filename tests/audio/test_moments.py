"""Which values can be said as a day or as a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.audio.moments import day, time_of_day
from engine.errors import CallError

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (datetime(2027, 7, 13, 23, 30, tzinfo=UTC), "2027-07-14 01:30"),
        ("2027-07-14", "2027-07-14 00:00"),
        ("2027-07-14 10:00:00", "2027-07-14 10:00"),
        ("2027-07-13T23:30:00Z", "2027-07-14 01:30"),
        ("2027-07-14T10:00:00.5+02:00", "2027-07-14 10:00"),
    ],
)
def test_days(value: Any, said: str):
    assert f"{day(value, PARIS):%Y-%m-%d %H:%M}" == said


@pytest.mark.parametrize(
    ("value", "said"),
    [("21:05", "21:05"), ("09:00:00", "09:00"), ("2027-07-14 10:00", "10:00"), ("2027-07-13T23:30:00Z", "01:30")],
)
def test_times(value: Any, said: str):
    assert f"{time_of_day(value, PARIS):%H:%M}" == said


@pytest.mark.parametrize(
    "value", ["", "tomorrow", "2027-02-30", "20270714", "0143670903", "25:00", 5, True, None, ["x"]]
)
def test_anything_else_is_refused(value: Any):
    with pytest.raises(CallError, match="such as 2027-07-14"):
        day(value, PARIS)
    with pytest.raises(CallError, match="such as 10:00"):
        time_of_day(value, PARIS)


def test_a_day_has_no_time_and_a_time_no_day():
    with pytest.raises(CallError):
        time_of_day("2027-07-14", PARIS)
    with pytest.raises(CallError):
        day("10:00", PARIS)
