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


def longer(found: list[str]) -> dict[str, list[str]]:
    """Pattern → those of which it may be the beginning. Of thousands of options too, in no time."""
    lengths = {len(pattern) for pattern in found}
    heads: dict[str, list[str]] = {}
    for other in found:
        for length in lengths:
            if length < len(other):
                heads.setdefault(other[:length], []).append(other)
    wild = [head for head in heads if "X" in head]
    result: dict[str, list[str]] = {}
    for pattern in found:
        # A head without an X is the pattern itself, unless the pattern has one.
        like = [head for head in (heads if "X" in pattern else wild) if takes(head, pattern)]
        like += [pattern] if pattern in heads and "X" not in pattern else []
        if others := {other for head in like for other in heads[head]}:
            result[pattern] = [other for other in dict.fromkeys(found) if other in others]
    return result


def _same(one: str, other: str) -> bool:
    return one == other or (one == "X" and other.isdecimal()) or (other == "X" and one.isdecimal())


def patterns(menu: Menu) -> Iterator[tuple[Path, str]]:
    """What a menu takes, with the path in the node: its options, then the direct dial."""
    for pattern in menu.options:
        yield ("options", pattern), pattern
    if menu.direct_dial is not None and menu.direct_dial.pattern:
        yield ("direct_dial", "pattern"), menu.direct_dial.pattern


def listed(words: list[str], most: int = 5) -> str:
    """`a`, `b` and `c`; of many, the first ones and how many there are besides."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) > most:
        quoted[most - 1 :] = [f"{len(quoted) - most + 1} others"]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
