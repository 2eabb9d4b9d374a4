"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

MOST_KNOWN = 1000
"""To compare a misspelt word with more words than these takes too long, when a file is full of such words."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one; None when none is."""
    names = known if isinstance(known, Collection) else list(known)
    if len(names) > MOST_KNOWN:
        return None
    by_lower = {_plain(name): name for name in names}
    found = get_close_matches(_plain(word), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the closest known word; empty when there is none."""
    found = closest(word, known)
    return f"did you mean `{found}`?" if found is not None else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
