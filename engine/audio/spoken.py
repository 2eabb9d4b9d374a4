"""Values in words, for a voice to say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def plain(value: Any) -> str:
    """A value as text: whole doubles without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def date(moment: datetime, language: str) -> str:
    """The date in French or English words and numbers: "1er mai 2027", "May 1, 2027"."""
    if language == "fr":
        day = "1er" if moment.day == 1 else str(moment.day)
        return f"{day} {_MONTHS['fr'][moment.month - 1]} {moment.year}"
    return f"{_MONTHS['en'][moment.month - 1]} {moment.day}, {moment.year}"


def time(moment: datetime, language: str) -> str:
    """The time of day: "21 heures 5", "9:05 PM"."""
    if language == "fr":
        hours = f"{moment.hour} heure{'s' if moment.hour > 1 else ''}"
        return f"{hours} {moment.minute}" if moment.minute else hours
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"
