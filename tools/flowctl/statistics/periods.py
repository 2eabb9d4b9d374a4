"""The period that the options of a command name."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.records.statistics import Period
from tools.flowctl.moments import moment_of


def period_of(
    zone: ZoneInfo, now: datetime, *, since: str | None, until: str | None, day: str | None, month: str | None
) -> Period:
    """A `month`, a `day`, or from `since` until `until`, as `moment_of` has them; without `until`, up to the end of
    today; without anything, today. Raises ValueError."""
    if sum(map(bool, (since or until, day, month))) > 1:
        raise ValueError("one of --day, --month, and --since with --until")
    today = now.astimezone(zone).date()
    if month:
        found = re.fullmatch(r"(\d{4})-(\d{2})", month)
        if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1970:
            raise ValueError(f"{month!r} is not a month: write 2026-10")
        return Period.month(int(found[1]), int(found[2]), zone)
    if since:
        return Period.between(_edge(since, zone, now), _edge(until or str(today), zone, now, end=True), zone)
    if until:
        raise ValueError("--until needs --since")
    the_day = _date(day, today) if day else today
    return Period.days(the_day, the_day, zone)


def _date(text: str, today: date) -> date:
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day: write 2026-10-25, today or yesterday") from None


def _edge(text: str, zone: ZoneInfo, now: datetime, *, end: bool = False) -> datetime:
    moment = moment_of(text, zone, now, end=end)
    if text[-1].isalpha() and "-" not in text:
        # So long ago: the quarter of an hour in which that was.
        return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    return moment
