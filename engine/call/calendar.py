"""Opening hours: a week, public holidays, dated exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from engine.nodes.hours import Hours, Range

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

State = Literal["open", "closed", "holiday"]


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes from the midnight at which its day begins; `end` is beyond 1440 for an overnight span."""

    start: int
    end: int


def days_of(name: str) -> list[int]:
    """`"mon-fri"`, `"sat"`, `"mon,wed-fri"`, `"sat-mon"` → weekday numbers, Monday 0."""
    found: list[int] = []
    for part in name.split(","):
        first, _, last = part.partition("-")
        day, until = DAYS.index(first), DAYS.index(last or first)
        found.append(day)
        while day != until:
            day = (day + 1) % 7
            found.append(day)
    return found


def span_of(written: Range, *, overnight: bool) -> Span:
    """One range of the file. A range whose end is not after its start ends on the next day if it is marked so;
    unmarked it is empty (the validator refuses it)."""
    if not isinstance(written, str):
        return span_of(written.range, overnight=overnight or written.overnight)
    hours, _, plus = written.partition("+")
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in hours.split("-"))
    if plus or (overnight and end <= start):
        end += DAY_MINUTES
    return Span(start, end)


@lru_cache(maxsize=64)
def _holidays(country: str, region: str | None) -> Mapping[date, str]:
    import holidays

    # The years that calls will ask for are worked out now: the first call of a year shall not wait for it.
    this_year = datetime.now(UTC).year
    years = range(this_year - 1, this_year + 3)
    calendar: Mapping[date, str] = holidays.country_holidays(country, subdiv=region, years=years)
    return calendar


def holiday_calendar(country: str, region: str | None) -> Mapping[date, str]:
    """Date → name of the public holidays. Raises NotImplementedError for an unknown country or region."""
    return _holidays(country, region)


@dataclass(frozen=True)
class Calendar:
    """The hours of one node, ready to be asked."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[date, tuple[Span, ...]]
    holidays: Mapping[date, str]

    @classmethod
    def of(cls, node: Hours, zone: str) -> Calendar:
        """The calendar of a node in a time zone."""

        def spans(ranges: Iterable[Any]) -> tuple[Span, ...]:
            return tuple(span_of(written, overnight=node.overnight) for written in ranges)

        week: list[list[Span]] = [[] for _ in DAYS]
        for name, ranges in node.week.items():
            for day in days_of(name):
                week[day].extend(spans(ranges))
        holidays: Mapping[date, str] = {}
        if isinstance(node.holidays, str):
            holidays = holiday_calendar(node.holidays, None)
        elif node.holidays is not None:
            holidays = holiday_calendar(node.holidays.country, node.holidays.region)
        return cls(
            ZoneInfo(zone),
            tuple(tuple(day) for day in week),
            {
                date.fromisoformat(day): () if ranges == "closed" else spans(ranges)
                for day, ranges in node.exceptions.items()
            },
            holidays,
        )

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """What begins on that day: its dated exception, nothing on a holiday, else the week's."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.holidays:
            return ()
        return self.week[day.weekday()]

    def state(self, moment: datetime) -> State:
        """Open, closed, or closed because of a holiday, at an aware moment."""
        local = moment.astimezone(self.zone)
        today = local.date()
        minute = local.hour * 60 + local.minute
        if any(span.start <= minute < span.end for span in self.spans_on(today)):
            return "open"
        since_yesterday = minute + DAY_MINUTES
        if any(span.start <= since_yesterday < span.end for span in self.spans_on(today - timedelta(days=1))):
            return "open"
        if today in self.holidays and today not in self.exceptions:
            return "holiday"
        return "closed"
