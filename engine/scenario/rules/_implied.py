"""When one condition is true whenever another is: `n > 5` and `n > 3`, `x == "1"` and `x in ["1", "2"]`.

Comparisons of one name with constants are understood, joined by `||` in both, by `&&` in the narrower one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONSTANT = r"""-?\d+(?:\.\d+)?|"[^"\\]*"|'[^'\\]*'"""
_COMPARED = re.compile(rf"([A-Za-z_][\w.]*) *(==|<=|>=|<|>) *({_CONSTANT})")
_AMONG = re.compile(rf"([A-Za-z_][\w.]*) +in +\[((?: *(?:{_CONSTANT}) *,?)+)\]")
_BEGINS = re.compile(r"""([A-Za-z_][\w.]*)\.startsWith\( *("[^"\\]*"|'[^'\\]*') *\)""")
_SIGNS = re.compile(rf"({_CONSTANT})|(\|\||&&)")

Constant = str | float


@dataclass(frozen=True, slots=True)
class _Part:
    """What is known of a name: it is one of `values`, or compares so with `bound`, or begins with it."""

    name: str
    sign: str
    values: frozenset[Constant] = frozenset()
    bound: Constant = ""

    def holds(self, value: Constant) -> bool:
        """True when a value fits."""
        if self.sign == "in":
            return value in self.values
        if self.sign == "begins":
            return isinstance(value, str) and value.startswith(str(self.bound))
        if isinstance(value, str) or isinstance(self.bound, str):
            return False
        within = {">": value > self.bound, ">=": value >= self.bound, "<": value < self.bound}
        return within.get(self.sign, value <= self.bound)

    def covers(self, other: _Part) -> bool:
        """True when this holds whenever the other does."""
        if self.name != other.name:
            return False
        if other.sign == "in":
            return all(map(self.holds, other.values))
        if other.sign == "begins" or self.sign == "begins":
            return other.sign == self.sign and str(other.bound).startswith(str(self.bound))
        if self.sign == "in" or self.sign[0] != other.sign[0] or isinstance(other.bound, str):
            return False
        return self.holds(other.bound) or (self.bound == other.bound and self.sign == other.sign)


def covers(wide: str, narrow: str) -> bool:
    """True when the first condition is certain to be true whenever the second is."""
    if not (_is_simple(wide) and _is_simple(narrow)):
        return False
    ways = [_part(way) for way in _split(wide, "||")]
    return all(
        any(way is not None and part is not None and way.covers(part) for way in ways for part in map(_part, parts))
        for parts in (_split(case, "&&") for case in _split(narrow, "||"))
    )


def _is_simple(condition: str) -> bool:
    """True without what changes how the parts go together: parentheses, `?`, and comments."""
    rest = re.sub(_CONSTANT, "", _BEGINS.sub("", condition))
    return not re.search(r"[(?]|//", rest)


def _split(condition: str, sign: str) -> list[str]:
    """The parts between the signs, which stand in no text."""
    ends = [(found.start(), found.end()) for found in _SIGNS.finditer(condition) if found[2] == sign]
    starts = [0, *(end for _, end in ends)]
    return [condition[start:end].strip() for start, end in zip(starts, [*(at for at, _ in ends), None], strict=True)]


def _part(text: str) -> _Part | None:
    if found := _COMPARED.fullmatch(text):
        value = _constant(found[3])
        return (
            _Part(found[1], "in", frozenset({value})) if found[2] == "==" else _Part(found[1], found[2], bound=value)
        )
    if found := _AMONG.fullmatch(text):
        return _Part(found[1], "in", frozenset(_constant(value) for value in re.findall(_CONSTANT, found[2])))
    if found := _BEGINS.fullmatch(text):
        return _Part(found[1], "begins", bound=_constant(found[2]))
    return None


def _constant(text: str) -> Constant:
    return text[1:-1] if text[0] in "\"'" else float(text)
