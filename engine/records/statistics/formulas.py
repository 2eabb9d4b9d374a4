"""What a measure is: a sum over facts, or a formula over other measures.

A formula is data. It is computed from what it says, and published in the same words (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "fr"]
Value = int | float | None
"""Of a measure: a count, seconds, or a share from 0 to 1; None when there is nothing to divide by."""


class Unit(StrEnum):
    """What a value counts."""

    COUNT = "count"
    SECONDS = "seconds"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Text:
    """The same in both languages. Limits that are settings stand in it as {target} and {short}, in seconds."""

    en: str
    fr: str

    def in_(self, language: Language) -> str:
        """In that language, with its places not filled in."""
        return self.fr if language == "fr" else self.en


class Tally(dict[str, int]):
    """Sums by the names of measures; what is a length is in milliseconds, so that sums are exact."""

    def count(self, name: str, by: int) -> None:
        """Add to a sum."""
        self[name] = self.get(name, 0) + by

    def most(self, name: str, value: int) -> None:
        """Keep the greatest."""
        self[name] = max(self.get(name, 0), value)

    def join(self, other: Tally) -> None:
        """Take in the sums of other facts."""
        for name, value in other.items():
            (self.most if name.startswith(LONGEST) else self.count)(name, value)


LONGEST = "longest_"
"""How the names of greatest values begin."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of a report. Without `over` it is a sum of its own, and `meaning` says of what."""

    name: str
    unit: Unit
    title: Text
    meaning: Text | None = None
    above: tuple[str, ...] = ()
    """Names of the measures that are added up; after a minus sign, subtracted."""
    below: tuple[str, ...] = ()
    """What the sum is divided by, written likewise; nothing: it is not divided."""

    def value(self, tally: Tally) -> Value:
        """Of the facts in `tally`: exact, and rounded once, when it is divided."""
        amount = _sum(self.above, tally) if self.above else tally.get(self.name, 0)
        parts = 1000 if self.unit is Unit.SECONDS else 1
        if self.below:
            by = _sum(self.below, tally)
            return amount / (by * parts) if by > 0 else None
        return amount / parts if parts > 1 else amount

    def formula(self, titles: Mapping[str, Text], language: Language) -> str:
        """What it is, in words; `titles` has the measures of the same report."""
        if not self.above:
            return self.meaning.in_(language) if self.meaning else ""
        above = _words(self.above, titles, language)
        if not self.below:
            return above
        below = _words(self.below, titles, language)
        return f"{_bracketed(above, self.above)} ÷ {_bracketed(below, self.below)}"


@dataclass(frozen=True, slots=True)
class Quantile(Measure):
    """So long did at most that share of the callers wait, as far as the classes of waiting say it: the upper edge of
    the class in which the last of them is, and for the last class the longest wait of all."""

    of: str = ""
    """Which callers: see `wait_class`."""
    share: tuple[int, int] = (1, 2)
    """Numerator and denominator."""
    longest: str = ""
    """The measure that is the longest wait of these callers."""

    def value(self, tally: Tally) -> Value:
        prefix = wait_class(self.of, 0)[:-1]
        classes = sorted(
            (int(name[len(prefix) :]), count) for name, count in tally.items() if name.startswith(prefix)
        )
        total, seen = sum(count for _, count in classes), 0
        above, below = self.share
        longest = tally.get(self.longest, 0)
        for edge, count in classes:
            seen += count
            if seen * below >= total * above:
                # Nobody has waited for longer than the longest: the edge says less than that.
                return min(edge, longest) / 1000
        return None


BEYOND = 10**9
"""Upper edge of the last class of waiting, in milliseconds."""


def wait_class(who: str, edge: int) -> str:
    """Name of the sum: how many of `who` waited in the class with the upper edge `edge`, in milliseconds."""
    return f"{who}:{edge}"


def _sum(terms: tuple[str, ...], tally: Tally) -> int:
    return sum(-tally.get(term[1:], 0) if term[0] == "-" else tally.get(term, 0) for term in terms)


def _words(terms: tuple[str, ...], titles: Mapping[str, Text], language: Language) -> str:
    said = ""
    for term in terms:
        title = titles[term.removeprefix("-")].in_(language)
        title = title[0].lower() + title[1:]
        said += f" − {title}" if term[0] == "-" else f" + {title}" if said else title
    return said


def _bracketed(words: str, terms: tuple[str, ...]) -> str:
    return f"({words})" if len(terms) > 1 else words


def count(name: str, en: str, fr: str, meaning_en: str, meaning_fr: str) -> Measure:
    """How many facts."""
    return Measure(name, Unit.COUNT, Text(en, fr), Text(meaning_en, meaning_fr))


def length(name: str, en: str, fr: str, meaning_en: str, meaning_fr: str) -> Measure:
    """How many seconds, all in all."""
    return Measure(name, Unit.SECONDS, Text(en, fr), Text(meaning_en, meaning_fr))


def total(name: str, en: str, fr: str, above: Sequence[str]) -> Measure:
    """A sum of counts."""
    return Measure(name, Unit.COUNT, Text(en, fr), above=tuple(above))


def share(name: str, en: str, fr: str, above: Sequence[str], below: Sequence[str]) -> Measure:
    """A share of the whole."""
    return Measure(name, Unit.SHARE, Text(en, fr), above=tuple(above), below=tuple(below))


def mean(name: str, en: str, fr: str, above: Sequence[str], below: Sequence[str]) -> Measure:
    """Seconds for each of them."""
    return Measure(name, Unit.SECONDS, Text(en, fr), above=tuple(above), below=tuple(below))
