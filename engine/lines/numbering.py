"""Telephone numbers: how people and lines write them, what they are in E.164, and what they cost at the most.

What is known of the world's numbers is in the library `phonenumbers`; what it does not say is here: that France and
its overseas departments are one plan, and which short numbers are for emergencies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

Rate = Literal["ordinary", "shared_cost", "premium", "unknown"]
"""ordinary: freephone and what is billed as it. unknown: no number of this form is in use."""

FRENCH_PLAN = {"FR": 33, "RE": 262, "YT": 262, "GP": 590, "BL": 590, "MF": 590, "GF": 594, "MQ": 596, "PM": 508}
"""Countries that call one another nationally, with 0 and nine digits, and their country codes."""

_SAINT_PIERRE = 508
_OVERSEAS = {
    **dict.fromkeys(("0262", "0263", "0269", "0639", "0692", "0693"), 262),
    **dict.fromkeys(("0590", "0690", "0691"), 590),
    **dict.fromkeys(("0594", "0694"), 594),
    **dict.fromkeys(("0596", "0696", "0697"), 596),
    "0508": _SAINT_PIERRE,
}
"""How the numbers of the overseas departments begin within the French plan, and their country codes."""

_EMERGENCY = {
    "FR": {"15", "17", "18", "114", "115", "119", "191", "196", "197", "116000", "116111", "116117"},
    "BE": {"100", "101", "102", "103", "105", "106", "107", "110", "116000"},
    "SN": {"15", "17", "18", "116", "1515"},
}
"""Beside 112 and those that the library knows: rescue, police, children, and the sea."""

_LONGEST = 40
_SEPARATORS = re.compile("[\\s()./\N{NON-BREAKING HYPHEN}\N{EN DASH}-]+")
_DIGITS = re.compile(r"\+?[0-9]+")
_TEL = re.compile(r"tel:(?P<number>[^;]*)(;phone-context=[^+;]+)?", re.IGNORECASE)
_FRENCH_NATIONAL = re.compile(r"0[1-9][0-9]{8}")


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number that can be called from abroad. `region`: ISO 3166-1, 001 for satellites and other networks
    of no country, empty where the number is of none that is in use."""

    e164: str
    region: str
    rate: Rate


def plain(text: str) -> str:
    """A number as people write it (blanks, dots, dashes, slashes, parentheses; also `tel:`, RFC 3966 section 3)
    reduced to its digits, with a + in front if it has one; empty for anything else."""
    uri = _TEL.fullmatch(text.strip())
    if uri is not None:
        text = uri["number"]
    bare = _SEPARATORS.sub("", text) if len(text) <= _LONGEST else ""
    return bare if _DIGITS.fullmatch(bare) else ""


@lru_cache(maxsize=4096)
def read(text: str, country: str) -> Number | None:
    """The number that somebody in `country` (ISO 3166-1) means: national, or international with + or 00. None for an
    extension, a short number, or what is no number at all."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat

    parsed = _parse(plain(text), country)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return Number(e164, phonenumbers.region_code_for_number(parsed) or "", _rate(parsed))


def e164(text: str, country: str) -> str:
    """A number as E.164 with +, read as in `country`; empty where `read` reads none."""
    number = read(text, country)
    return "" if number is None else number.e164


def is_national(number: Number, country: str) -> bool:
    """True for a number of the country itself, or of the plan that it shares."""
    return number.region == country or (country in FRENCH_PLAN and number.region in FRENCH_PLAN)


@lru_cache(maxsize=4096)
def as_dialled(number: Number, country: str) -> str:
    """The digits that a telephone in `country` dials for it, without any prefix for an outside line."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat

    parsed = phonenumbers.parse(number.e164)
    if country in FRENCH_PLAN and parsed.country_code in FRENCH_PLAN.values():
        significant = phonenumbers.national_significant_number(parsed)
        # Saint-Pierre-et-Miquelon's own numbers have six digits, which the plan fills up with its code.
        return f"0{significant}" if len(significant) == 9 else f"0{_SAINT_PIERRE}{significant}"
    if is_national(number, country):
        written = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    else:
        written = phonenumbers.format_out_of_country_calling_number(parsed, country)
    return re.sub("[^+0-9]", "", written)


def emergency(text: str, country: str) -> str:
    """The emergency number that is meant, however it is written (+33112 is 112); empty for any other number."""
    from phonenumbers import shortnumberinfo

    region = _plan(country)
    bare = re.sub(rf"(\+|00){_code(country)}", "", plain(text), count=1)
    known = bare == "112" or bare in _EMERGENCY.get(region, ()) or shortnumberinfo.is_emergency_number(bare, region)
    return bare if known else ""


def short(text: str, country: str) -> Literal["short", "premium"] | None:
    """What a number like 3631 is that can be called in `country` alone; None when there is no such number."""
    import phonenumbers
    from phonenumbers import shortnumberinfo
    from phonenumbers.shortnumberinfo import ShortNumberCost

    region = _plan(country)
    try:
        parsed = phonenumbers.parse(plain(text), region)
    except phonenumbers.NumberParseException:
        return None
    if not shortnumberinfo.is_valid_short_number_for_region(parsed, region):
        return None
    cost = shortnumberinfo.expected_cost_for_region(parsed, region)
    return "premium" if cost == ShortNumberCost.PREMIUM_RATE else "short"


def is_country(country: str) -> bool:
    """True for a country whose numbers are known."""
    return _code(country) != 0


def _code(country: str) -> int:
    """33 for FR; 0 for a country that is not known."""
    import phonenumbers

    return phonenumbers.country_code_for_region(country)


def _plan(country: str) -> str:
    """The country whose short numbers are dialled in `country`."""
    return "FR" if country in FRENCH_PLAN else country


def _parse(bare: str, country: str) -> PhoneNumber | None:
    import phonenumbers

    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    if country in FRENCH_PLAN and _FRENCH_NATIONAL.fullmatch(bare):
        bare = _french(bare, country)
    try:
        parsed = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException:
        return None
    national = f"0{parsed.national_number}"
    if (
        parsed.country_code == FRENCH_PLAN["FR"]
        and _FRENCH_NATIONAL.fullmatch(national)
        and national[:4] in _OVERSEAS
    ):
        # +33 262 … is written for +262 262 …, and means nothing else.
        return phonenumbers.parse(_french(national, "FR"))
    return parsed


def _french(bare: str, country: str) -> str:
    """A national number of the French plan, with + and the code of the department where it rings: those that it
    shares with the mainland are the mainland's, unless the country has such a number of its own (08)."""
    import phonenumbers

    code = _OVERSEAS.get(bare[:4])
    if code == _SAINT_PIERRE:
        return f"+508{bare[4:]}"
    if code is None:
        own = phonenumbers.parse(f"+{FRENCH_PLAN[country]}{bare[1:]}")
        code = FRENCH_PLAN[country] if phonenumbers.is_valid_number(own) else FRENCH_PLAN["FR"]
    return f"+{code}{bare[1:]}"


def _rate(parsed: PhoneNumber) -> Rate:
    import phonenumbers
    from phonenumbers import PhoneNumberType as Type

    kind = phonenumbers.number_type(parsed)
    if kind == Type.UNKNOWN:
        return "unknown"
    country_less = phonenumbers.region_code_for_number(parsed) == "001" and kind != Type.TOLL_FREE
    if kind == Type.PREMIUM_RATE or country_less:
        return "premium"
    dear = (Type.SHARED_COST, Type.PERSONAL_NUMBER, Type.PAGER, Type.VOICEMAIL)
    return "shared_cost" if kind in dear else "ordinary"
