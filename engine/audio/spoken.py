"""Values in words, for a voice to say: right in French and English.

Other languages get their numbers in words where `num2words` knows them; dates and times in figures, which the
language's voice reads in its own way.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import CallError

LIMIT = 10**15
"""Numbers from here on are not said: nobody would follow."""

_NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?", re.ASCII)
_MINUS = {"fr": "moins", "en": "minus"}
_POINT = {"fr": "virgule", "en": "point"}
_NEAR = {"fr": ("aujourd'hui", "hier"), "en": ("today", "yesterday")}
_AT = {"fr": "à ", "en": "at "}
_FROM = {"fr": (", d'un numéro inconnu.", ", du numéro"), "en": (", from an unknown number.", ", from")}
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


def number(value: Any, language: str) -> str:
    """A number, or a text that is one ("71", "2,5"), in words: "soixante et onze", "two point five".

    Raises CallError for anything else, and from 10^15 on.
    """
    parsed = _parsed(value)
    if abs(parsed) >= LIMIT:
        raise CallError(f"{value} is too large to be said as a number")
    base = _base(language)
    if base not in _POINT:
        minus = _converted(-1, language).removesuffix(_converted(1, language)) if parsed < 0 else ""
        return minus + _converted(abs(parsed), language)
    whole, _, fraction = f"{abs(parsed):f}".partition(".")
    words = [_converted(int(whole), language), *_fraction(fraction.rstrip("0"), language)]
    return " ".join(([_MINUS[base]] if parsed < 0 else []) + words)


def date(moment: datetime, language: str) -> str:
    """The day, without its weekday: "le premier mai deux mille vingt-sept", "May first, twenty twenty-seven"."""
    match _base(language):
        case "fr":
            day = "premier" if moment.day == 1 else _converted(moment.day, language)
            return f"le {day} {_MONTHS['fr'][moment.month - 1]} {_converted(moment.year, language)}"
        case "en":
            day = _converted(moment.day, language, "ordinal")
            return f"{_MONTHS['en'][moment.month - 1]} {day}, {_english_year(moment.year)}"
    return f"{moment:%Y-%m-%d}"


def time(moment: datetime, language: str) -> str:
    """The time of day to the minute: "vingt et une heures cinq", "nine oh five PM"."""
    match _base(language):
        case "fr":
            return _french_time(moment.hour, moment.minute, language)
        case "en":
            return _english_time(moment.hour, moment.minute, language)
    return f"{moment:%H:%M}"


def received(moment: datetime, now: datetime, zone: str, language: str, *, known: bool) -> str:
    """When a message came, as seen from `now`, and that it is from a number, which follows when it is known: "today,
    at nine oh five PM, from", "hier, à vingt et une heures cinq, d'un numéro inconnu.". Both are aware; the day is
    one of the time zone."""
    there, here = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    days = (here.date() - there.date()).days
    base = _base(language)
    near = _NEAR.get(base, _NEAR["en"])
    day = near[days] if days in (0, 1) else date(there, language)
    whom = _FROM.get(base, _FROM["en"])[known]
    return f"{day}, {_AT.get(base, _AT['en'])}{time(there, language)}{whom}"


def _base(language: str) -> str:
    """The language without its region: fr of fr-CH."""
    return language.partition("-")[0].lower()


def _parsed(value: Any) -> Decimal:
    if isinstance(value, float) and abs(value) < LIMIT:
        # As people would write it: 0.3, not 0.30000000000000004.
        return Decimal(f"{value:.15g}")
    text = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not _NUMBER.fullmatch(text):
        raise CallError(f"{text[:40]!r} is not a number")
    return Decimal(text.replace(",", "."))


def _converted(value: int | Decimal, language: str, form: str = "cardinal") -> str:
    """In words; in figures when the language is not one that can be had, which its voice will read.

    Regions of French and English count as France and Britain do: what `num2words` says for Belgium and Switzerland
    is wrong ("huitante et un").
    """
    from num2words import num2words

    name = _base(language) if _base(language) in _POINT else language.replace("-", "_")
    try:
        return str(num2words(value, lang=name, to=form))
    except NotImplementedError:
        return str(value)


def _fraction(digits: str, language: str) -> list[str]:
    """What is behind the decimal point: in French as a number (3,14: virgule quatorze) unless it is long, else digit
    by digit."""
    if not digits:
        return []
    rest = digits.lstrip("0")
    zeros = [_converted(0, language)] * (len(digits) - len(rest))
    parts = [rest] if _base(language) == "fr" and len(rest) <= 3 else list(rest)
    return [_POINT[_base(language)], *zeros, *(_converted(int(part), language) for part in parts)]


def _feminine(value: int, language: str) -> str:
    """A French number of hours or minutes: une heure, vingt et une minutes."""
    words = _converted(value, language)
    return f"{words}e" if re.search(r"\bun$", words) else words


def _french_time(hour: int, minute: int, language: str) -> str:
    match hour:
        case 0:
            hours = "minuit"
        case 12:
            hours = "midi"
        case _:
            hours = f"{_feminine(hour, language)} heure{'s' if hour > 1 else ''}"
    return f"{hours} {_feminine(minute, language)}" if minute else hours


def _english_time(hour: int, minute: int, language: str) -> str:
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    words = [_converted(hour % 12 or 12, language)]
    if 0 < minute < 10:
        words.append("oh")
    if minute:
        words.append(_converted(minute, language))
    return " ".join([*words, "AM" if hour < 12 else "PM"])


def _english_year(year: int) -> str:
    """2027: twenty twenty-seven; 2005: two thousand five; 1905: nineteen oh five."""
    century, rest = divmod(year, 100)
    if century < 10 or (century % 10 == 0 and rest < 10):
        return _converted(year, "en").replace(" and ", " ")
    first = _converted(century, "en")
    if rest == 0:
        return f"{first} hundred"
    return f"{first} {'oh ' if rest < 10 else ''}{_converted(rest, 'en')}"
