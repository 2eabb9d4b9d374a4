"""The rows of a report by time, as a number that the database can compute and group by.

Between two changes of a zone's clocks, a local day is a division: of quarters of an hour, shifted by the offset from
UTC, by 96. So a month by days is 31 groups for the database, and not 2976 to be added up here.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, case, literal

from engine.records.statistics.portable import Quotient
from engine.records.statistics.slots import By, Period

_WIDTHS = {By.SLOT: 1, By.HALF_HOUR: 2, By.HOUR: 4, By.WEEKDAY_HOUR: 4}
"""In quarters of an hour; the others are made of days."""


@lru_cache(maxsize=16)
def stretches_of(period: Period, by: By) -> Stretches:
    """Those of a period: several queries of one report want the same."""
    return Stretches(period, by)


class Stretches:
    """Of a period: half hours, hours or days, in each of which all quarters of an hour belong to the same row."""

    def __init__(self, period: Period, by: By) -> None:
        self._width = _WIDTHS.get(by, 96)
        self._period = period
        self._pieces: list[tuple[int, int]] = []
        """Between clock changes: the first quarter of an hour, and the offset from UTC in quarters."""
        for slot, moment in enumerate(period.moments(), period.first):
            quarters = (moment.utcoffset() or timedelta()) // timedelta(minutes=15)
            if not self._pieces or self._pieces[-1][1] != quarters:
                self._pieces.append((slot, quarters))
        names = zip(range(period.first, period.end), period.keys(by), strict=True)
        self._names = {self._number(slot): name for slot, name in names}

    def number(self, slot: ColumnElement[int]) -> ColumnElement[int]:
        """Which stretch a quarter of an hour of the period lies in."""
        if self._width == 1:
            # By the column itself MariaDB would group in the order of its index, and look up row after row.
            return slot + literal(0)
        numbers = [self._of_piece(slot, piece) for piece in range(len(self._pieces))]
        if len(numbers) == 1:
            return numbers[0]
        ends = (first for first, _ in self._pieces[1:])
        return case(*((slot < end, number) for end, number in zip(ends, numbers, strict=False)), else_=numbers[-1])

    def left(self, slot: ColumnElement[int]) -> ColumnElement[int]:
        """How many quarters of an hour after this one are surely of the same stretch; negative before the period."""
        width, ends = self._width, [*(first for first, _ in self._pieces[1:]), self._period.end]
        cases: list[tuple[ColumnElement[bool], ColumnElement[int] | int]] = [(slot < self._period.first, -1)]
        for end, (_, offset) in zip(ends, self._pieces, strict=True):
            # Just before the clocks change we do not look for more.
            cases.append((slot < end - width, width - 1 - (slot + offset) % width))
            cases.append((slot < end, 0))
        return case(*cases, else_=-1)

    def name(self, number: int) -> str:
        """The row that a stretch belongs to."""
        return self._names[number]

    def name_of(self, slot: int) -> str:
        """The row that a quarter of an hour belongs to."""
        return self._names[self._number(slot)]

    @property
    def names(self) -> list[str]:
        """The rows, in the order of time."""
        return list(dict.fromkeys(self._names.values()))

    def _of_piece(self, slot: ColumnElement[int], piece: int) -> ColumnElement[int]:
        whole = Quotient(slot + self._pieces[piece][1], self._width)
        return whole * len(self._pieces) + piece

    def _number(self, slot: int) -> int:
        if self._width == 1:
            return slot
        piece = sum(first <= slot for first, _ in self._pieces) - 1
        return (slot + self._pieces[piece][1]) // self._width * len(self._pieces) + piece
