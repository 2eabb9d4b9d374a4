"""The opening ranges of hours nodes, with their places, for the rules about time."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date

from engine.call.calendar import DAY_MINUTES, Span, days_of, holiday_calendar, span_of
from engine.nodes.base import Path
from engine.nodes.hours import Hours, Range
from engine.scenario.draft import Draft
from engine.scenario.rules.e4001_time_zone import is_time_zone


@dataclass(frozen=True, slots=True)
class Opening:
    """One range as it is written. `span` is in minutes from the midnight at which its day begins."""

    path: Path
    written: str
    span: Span

    @property
    def backwards(self) -> bool:
        """True when it ends before it begins, or at the same minute."""
        return self.span.end <= self.span.start

    @property
    def passes_midnight(self) -> bool:
        """True when it ends on the day after the one on which it begins."""
        return self.span.end > DAY_MINUTES


def hours_nodes(draft: Draft) -> Iterator[tuple[str, Hours]]:
    """The hours nodes, by name."""
    for name, node in draft.nodes.items():
        if isinstance(node, Hours):
            yield name, node


def _openings(base: Path, ranges: list[Range], node: Hours) -> list[Opening]:
    """The ranges of a list, but for those that are not sound."""
    return [
        Opening(
            (*base, index),
            written if isinstance(written, str) else written.range,
            span_of(written, overnight=node.overnight),
        )
        for index, written in enumerate(ranges)
        if isinstance(written, str) or written.range
    ]


def week_of(name: str, node: Hours) -> list[tuple[list[int], list[Opening]]]:
    """For each key of the week: its weekdays (Monday 0) and its ranges."""
    return [
        (days_of(days), _openings(("nodes", name, "week", days), ranges, node)) for days, ranges in node.week.items()
    ]


def exceptions_of(name: str, node: Hours) -> list[list[Opening]]:
    """The ranges of each dated exception that has some."""
    return [
        _openings(("nodes", name, "exceptions", date), ranges, node)
        for date, ranges in node.exceptions.items()
        if ranges != "closed"
    ]


def all_openings(name: str, node: Hours) -> list[Opening]:
    """Every range of a node, in document order within the week and within the exceptions."""
    week = [opening for _, openings in week_of(name, node) for opening in openings]
    return week + [opening for openings in exceptions_of(name, node) for opening in openings]


def zone_of(draft: Draft, name: str, node: Hours) -> str | None:
    """The time zone of the hours; None when there is no such zone, or nobody knows which one is meant."""
    own = ("nodes", name, "time_zone")
    if draft.is_spoiled(own) or (node.time_zone is None and "time_zone" in draft.unsound):
        return None
    zone = node.time_zone or draft.scenario.time_zone
    return zone if is_time_zone(zone) else None


def openings_on(name: str, node: Hours, day: date) -> list[Opening]:
    """The ranges that begin on a day: those of its dated exception, none on a public holiday, else the week's.
    Holidays of a country that nobody knows are none."""
    if day.isoformat() in node.exceptions:
        written = node.exceptions[day.isoformat()]
        if written == "closed":
            return []
        return _openings(("nodes", name, "exceptions", day.isoformat()), written, node)
    if day in _holidays(node):
        return []
    return [opening for days, openings in week_of(name, node) if day.weekday() in days for opening in openings]


def _holidays(node: Hours) -> Container[date]:
    if node.holidays is None:
        return ()
    written = node.holidays
    country, region = (written, None) if isinstance(written, str) else (written.country, written.region)
    if not country:
        # It is unsound, and has a finding.
        return ()
    try:
        return holiday_calendar(country, region)
    except NotImplementedError:
        return ()


def overlaps(name: str, node: Hours) -> Iterator[tuple[Opening, Opening]]:
    """Pairs of ranges that share a minute on some day, the later one of the file second; each pair once. A
    range that passes midnight is compared with the next day's too."""
    placed = [
        (day * DAY_MINUTES, opening)
        for days, openings in week_of(name, node)
        for day in days
        for opening in openings
        if not opening.backwards
    ]
    yield from _pairs(placed, week=7 * DAY_MINUTES)
    for openings in exceptions_of(name, node):
        yield from _pairs([(0, opening) for opening in openings if not opening.backwards], week=None)


def _pairs(placed: list[tuple[int, Opening]], week: int | None) -> Iterator[tuple[Opening, Opening]]:
    seen: set[tuple[Path, Path]] = set()
    for index, (shift, first) in enumerate(placed):
        for other_shift, second in placed[index + 1 :]:
            if (first.path, second.path) in seen:
                continue
            turns = (0,) if week is None else (-week, 0, week)
            if any(_share(first.span, shift, second.span, other_shift + turn) for turn in turns):
                seen.add((first.path, second.path))
                yield first, second


def _share(one: Span, shift: int, other: Span, other_shift: int) -> bool:
    return one.start + shift < other.end + other_shift and other.start + other_shift < one.end + shift
