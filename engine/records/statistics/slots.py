"""Periods of local time, and the quarters of an hour that they are made of.

Facts are counted by quarters of an hour since 1970 in UTC. Every time zone of today is a multiple of a quarter of an
hour from UTC, on each side of its clock changes: each quarter belongs to one local hour and one local day, which may
have 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.records.tables import SLOT_SECONDS


class By(StrEnum):
    """What the rows of a report are."""

    SLOT = "slot"
    """Quarters of an hour."""
    HALF_HOUR = "half-hour"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """Of ISO 8601: from Monday; the first is the one with the year's first Thursday."""
    MONTH = "month"
    WEEKDAY_HOUR = "weekday-hour"
    """Monday 8:00, of all weeks together."""
    CENTRE = "centre"
    AGENT = "agent"
    DID = "did"
    SCENARIO = "scenario"
    DIRECTION = "direction"
    RESULT = "result"
    WAIT = "wait"
    """How long callers waited, in classes."""

    @property
    def of_time(self) -> bool:
        """Whether the rows are stretches of time."""
        return self in _OF_TIME


_OF_TIME = (By.SLOT, By.HALF_HOUR, By.HOUR, By.DAY, By.WEEK, By.MONTH, By.WEEKDAY_HOUR)
_MINUTES = {By.SLOT: 15, By.HALF_HOUR: 30, By.HOUR: 60}
_OF_DATES = {By.DAY: "%Y-%m-%d", By.WEEK: "%G-W%V", By.MONTH: "%Y-%m"}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time as a place's clocks show it. `first` is its first quarter of an hour, `end` the first one
    after it."""

    first: int
    end: int
    zone: ZoneInfo

    @classmethod
    def between(cls, since: datetime, until: datetime, zone: ZoneInfo) -> Period:
        """From `since` on, until just before `until`; moments without a zone are in `zone`: of an hour that the
        clocks show twice, the first. Raises ValueError for one that is not at a quarter of an hour, or nothing
        between the two."""
        first, end = _quarter(since, zone), _quarter(until, zone)
        if end <= first:
            raise ValueError("the period ends before it begins")
        return cls(first, end, zone)

    @classmethod
    def days(cls, first: date, last: date, zone: ZoneInfo) -> Period:
        """Whole days, the last one included. Raises ValueError when there is nothing between the two."""
        return cls.between(_midnight(first), _midnight(last + timedelta(days=1)), zone)

    @classmethod
    def month(cls, year: int, month: int, zone: ZoneInfo) -> Period:
        """A whole month."""
        after = date(year + month // 12, month % 12 + 1, 1)
        return cls.days(date(year, month, 1), after - timedelta(days=1), zone)

    @property
    def since(self) -> datetime:
        """Its beginning, in its zone."""
        return datetime.fromtimestamp(self.first * SLOT_SECONDS, self.zone)

    @property
    def until(self) -> datetime:
        """The moment at which it is over, in its zone."""
        return datetime.fromtimestamp(self.end * SLOT_SECONDS, self.zone)

    def keys(self, by: By) -> list[str]:
        """For each quarter of an hour of the period, the name of the stretch of time that it belongs to, in ISO 8601:
        `2026-10-25T02:00+02:00`, `2026-10-25`, `2026-W43`, `2026-10`; of a weekday and an hour, `7T02` for Sunday."""
        return list(_keys(self.moments(), by))

    def moments(self) -> Iterator[datetime]:
        """The beginnings of its quarters of an hour, in its zone."""
        return (datetime.fromtimestamp(slot * SLOT_SECONDS, self.zone) for slot in range(self.first, self.end))


def _keys(moments: Iterator[datetime], by: By) -> Iterator[str]:
    if by in _MINUTES:
        width = _MINUTES[by]
        for moment in moments:
            # With the offset of this moment: where clocks change by half an hour, its full hour may have another.
            said = moment.isoformat(timespec="minutes")
            yield f"{said[:14]}{moment.minute // width * width:02}{said[16:]}"
    elif by is By.WEEKDAY_HOUR:
        for moment in moments:
            yield f"{moment.isoweekday()}T{moment.hour:02}"
    else:
        for moment in moments:
            yield moment.strftime(_OF_DATES[by])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _quarter(moment: datetime, zone: ZoneInfo) -> int:
    # Where clocks are put forward at midnight the day begins later: the two have the same moment in UTC.
    aware = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    seconds = aware.astimezone(UTC).timestamp()
    if seconds % SLOT_SECONDS:
        raise ValueError(f"{aware.astimezone(zone).isoformat(' ')} is not at a quarter of an hour")
    return int(seconds) // SLOT_SECONDS
