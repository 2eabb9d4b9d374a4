"""Telephone numbers."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def e164(number: str, country: str) -> str:
    """A number as E.164 with +, read as in `country` (ISO 3166-1); empty for an extension or anything that is not
    a telephone number."""
    import phonenumbers

    if number.startswith("00"):
        number = f"+{number[2:]}"
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
