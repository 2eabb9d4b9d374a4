"""When the clocks of a time zone change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS_AHEAD = 2 * 365


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the clocks. The times of `day` from `start` to `end`, in minutes from its midnight, do not exist
    when the clocks go forward, or else come twice."""

    day: date
    start: int
    end: int
    forward: bool

    def holds(self, day: date, minute: int) -> bool:
        """True for a time inside; the first minute is the change itself, which is no matter of doubt."""
        return self.start < minute + (day - self.day).days * 24 * 60 < self.end


@lru_cache(maxsize=256)
def clock_changes(zone: str, today: date, days: int = DAYS_AHEAD) -> tuple[Change, ...]:
    """The changes of the next days, in order. Raises for a zone that does not exist."""
    rules = ZoneInfo(zone)
    found = []
    for number in range(days + 1):
        begin = datetime.combine(today + timedelta(days=number), time(), UTC)
        before, after = _offset(rules, begin), _offset(rules, begin + timedelta(days=1))
        if before != after:
            moment = _moment(rules, begin)
            first, last = sorted((moment + before, moment + after))
            day = first.date()
            found.append(Change(day, _minutes(first, day), _minutes(last, day), after > before))
    return tuple(found)


def _offset(rules: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(rules).utcoffset() or timedelta()


def _moment(rules: ZoneInfo, begin: datetime) -> datetime:
    """The minute of the change, in UTC, within the day that begins at a moment."""
    before = _offset(rules, begin)
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(rules, begin + timedelta(minutes=middle)) == before:
            low = middle
        else:
            high = middle
    return begin + timedelta(minutes=high)


def _minutes(local: datetime, day: date) -> int:
    return round((local.replace(tzinfo=None) - datetime.combine(day, time())).total_seconds() / 60)
