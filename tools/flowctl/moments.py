"""Moments as people write them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(text: str, zone: ZoneInfo, now: datetime, *, end: bool = False) -> datetime:
    """An aware moment: a day (2027-07-13: its beginning, or with `end` that of the next), a day and an hour
    (2027-07-13T08:30, on the clocks of `zone` unless it says another), or so long ago (90s, 15m, 2h, 7d). Raises
    ValueError."""
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=end)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no moment: write 2027-07-13, 2027-07-13T08:30, or 2h for so long ago"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
