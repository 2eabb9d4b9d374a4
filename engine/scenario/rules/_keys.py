"""What keys an option or a direct dial takes. In both `X` is any digit."""

from __future__ import annotations

from collections.abc import Iterator

from engine.nodes.base import Path
from engine.nodes.menu import Menu

KEYPAD = "0123456789*#ABCD"
HELPERS = ("0", "*", "#")
"""By custom: help, back, end."""


def takes(pattern: str, keys: str) -> bool:
    """True when the pattern takes these keys, which may hold an X themselves."""
    return len(pattern) == len(keys) and all(map(_same, pattern, keys))


def begins(pattern: str, longer: str) -> bool:
    """True when keys that the first takes may be the beginning of keys that the second takes."""
    return len(pattern) < len(longer) and takes(longer[: len(pattern)], pattern)


def _same(one: str, other: str) -> bool:
    return one == other or (one == "X" and other.isdecimal()) or (other == "X" and one.isdecimal())


def patterns(menu: Menu) -> Iterator[tuple[Path, str]]:
    """What a menu takes, with the path in the node: its options, then the direct dial."""
    for pattern in menu.options:
        yield ("options", pattern), pattern
    if menu.direct_dial is not None and menu.direct_dial.pattern:
        yield ("direct_dial", "pattern"), menu.direct_dial.pattern


def listed(words: list[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
