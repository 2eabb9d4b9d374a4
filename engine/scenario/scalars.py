"""What an unquoted word of a file means.

YAML loaders take `+33612345678` and `0612345678` for numbers, `12:30` for 750 and `on` for true. Here only
true and false, plain decimals of up to nine digits without a leading 0 or +, floats with a point, and null have a
type; everything else is text.
"""

from __future__ import annotations

import re

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,8})\Z")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_AMBIGUOUS = re.compile(r"(?i:on|off|yes|no)\Z|0[0-9]+\Z")


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def is_ambiguous(text: str) -> bool:
    """True for unquoted text that other YAML readers take for a boolean or a number: on, off, yes, no, 0143."""
    return _AMBIGUOUS.match(text) is not None
