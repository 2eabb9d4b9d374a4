"""How long the inputs are that a regular expression takes, when only some keys can be pressed.

Lengths are enough: RE2 has nothing that looks around, so a part is of use when each of its characters can be pressed.
A set of lengths is a number whose bits are the lengths, so that a pattern costs next to nothing. RE2 itself says
which keys a class or an escape takes; here only the structure is read. What is not understood takes any length.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.call.patterns import full_match

LONGEST = 128
"""The last bit stands for inputs of that length or longer; no node takes so many keys."""

_ALL = (1 << (LONGEST + 1)) - 1
_LAST = 1 << LONGEST
_LONGEST_PATTERN = 500
_DEEPEST = 60
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[pP](?:\{\^?\w+\}|\w)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|[0-7]{1,3}|.)", re.DOTALL)
_REPEAT = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|(?P<flags>[imsU-]*)(?P<end>[:)])))?")


class _Unknown(Exception):
    """The pattern holds something of which the lengths are not known."""


@lru_cache(maxsize=256)
def lengths(pattern: str, keys: str) -> int:
    """Bit n is set when some input of n of these keys may match the whole pattern, which must be valid RE2."""
    if len(pattern) > _LONGEST_PATTERN:
        return _ALL
    try:
        return _Reader(pattern, keys).whole()
    except _Unknown:
        return _ALL


def between(shortest: int, longest: int) -> int:
    """The set of the lengths in a range, both ends included."""
    return ((1 << (min(longest, LONGEST) + 1)) - 1) & ~((1 << shortest) - 1)


class _Reader:
    def __init__(self, pattern: str, keys: str) -> None:
        self._pattern = pattern
        self._keys = keys
        self._at = 0
        self._fold = ""

    def whole(self) -> int:
        """The lengths of the whole pattern."""
        found = self._alternatives(0)
        if self._at < len(self._pattern):
            raise _Unknown
        return found

    def _alternatives(self, depth: int) -> int:
        """What stands between here and the `)` or the end."""
        if depth > _DEEPEST:
            raise _Unknown
        found = self._sequence(depth)
        while self._pattern.startswith("|", self._at):
            self._at += 1
            found |= self._sequence(depth)
        return found

    def _sequence(self, depth: int) -> int:
        found = 1
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part = self._part(depth)
            while repeat := _REPEAT.match(self._pattern, self._at):
                self._at = repeat.end()
                part = _repeated(part, *_times(repeat))
            found = _sum(found, part)
        return found

    def _part(self, depth: int) -> int:
        character = self._pattern[self._at]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._one(_CLASS)
        if character == "\\":
            return self._escaped()
        self._at += 1
        if character in "^$":
            return 1
        if character == ".":
            return 2 if self._keys else 0
        folded = character.upper() if self._fold else character
        return 2 if folded in self._keys else 0

    def _group(self, depth: int) -> int:
        opened = _GROUP.match(self._pattern, self._at)
        if opened is None:
            raise _Unknown
        self._at = opened.end()
        if "i" in (opened["flags"] or ""):
            # Said for one group, it is taken for the rest of the pattern: that can only allow more.
            self._fold = "(?i)"
        if opened["end"] == ")":
            return 1
        found = self._alternatives(depth + 1)
        self._at += 1
        return found

    def _escaped(self) -> int:
        kind = self._pattern[self._at + 1 : self._at + 2]
        if kind in "AzQ" or kind in "bBCE":
            if kind not in "Az":
                raise _Unknown
            self._at += 2
            return 1
        return self._one(_ESCAPE)

    def _one(self, shape: re.Pattern[str]) -> int:
        """A class or an escape: one character, if any of the keys is in it."""
        found = shape.match(self._pattern, self._at)
        if found is None:
            raise _Unknown
        self._at = found.end()
        try:
            return 2 if any(full_match(self._fold + found[0], key) for key in self._keys) else 0
        except ValueError:
            raise _Unknown from None


def _times(repeat: re.Match[str]) -> tuple[int, int | None]:
    """At least and at most how often; None: any number."""
    sign, least, comma, most = repeat.groups()
    if sign:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
    return int(least), (int(most) if most else None) if comma else int(least)


def _repeated(part: int, least: int, most: int | None) -> int:
    found = _power(part, least)
    # With nothing allowed too, n times is up to n times; LONGEST times is any number of times.
    return _sum(found, _power(part | 1, LONGEST if most is None else most - least))


def _power(part: int, times: int) -> int:
    found = 1
    while times:
        if times & 1:
            found = _sum(found, part)
        times >>= 1
        part = _sum(part, part) if times else part
    return found


def _sum(one: int, other: int) -> int:
    """The lengths of one part followed by another."""
    found = 0
    if one.bit_count() > other.bit_count():
        one, other = other, one
    while one:
        lowest = one & -one
        found |= other * lowest
        one ^= lowest
    return found & _ALL | (_LAST if found > _ALL else 0)
