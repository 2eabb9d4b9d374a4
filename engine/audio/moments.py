"""Days and times of day that are said: timestamps, and texts as databases and web services give them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import CallError

_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


def day(value: Any, zone: str) -> datetime:
    """A timestamp in `zone`; of a text such as 2027-07-14 or 2027-07-14 10:00:00, the day that it names there.

    Raises CallError.
    """
    return _moment(value, zone, _DAY, "a date must be a timestamp or a text such as 2027-07-14")


def time_of_day(value: Any, zone: str) -> datetime:
    """A timestamp in `zone`; of a text such as 10:00 or 2027-07-14T10:00:00, the time that it names there.

    Raises CallError.
    """
    return _moment(value, zone, _TIME, "a time must be a timestamp or a text such as 10:00")


def _moment(value: Any, zone: str, form: re.Pattern[str], wanted: str) -> datetime:
    moment = value
    if isinstance(value, str) and form.fullmatch(value.strip()):
        moment = _read(value.strip())
    if not isinstance(moment, datetime):
        raise CallError(f"{wanted}, not {str(value)[:40]!r}")
    # A text without a zone means ours.
    return moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment


def _read(text: str) -> datetime | None:
    try:
        return (
            datetime.fromisoformat(text) if "-" in text[:8] else datetime.combine(date.min, time.fromisoformat(text))
        )
    except ValueError:
        return None
