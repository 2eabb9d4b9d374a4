"""Which contact has a number: two columns of integers, for tables that nobody has tidied up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class NumberIndex:
    """Numbers in E.164 without + → ids of contacts. 16 bytes an entry: a table of 100,000 contacts with two numbers
    each takes 3 MB."""

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        """pairs: number and id."""
        table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        self._numbers, self._ids = table[:, 0].copy(), table[:, 1].copy()

    def __len__(self) -> int:
        return len(self._numbers)

    def find(self, number: int) -> list[int]:
        """The ids of the contacts with a number, the smallest first."""
        first, last = np.searchsorted(self._numbers, [number, number + 1])
        return [int(one) for one in self._ids[first:last]]
