"""What an expression may cost. The library bounds how often a loop turns, but not what each turn does: texts that
grow, lists of lists and patterns made of data could take seconds and gigabytes, and hold up all other calls.

Sizes count one for each character and `ITEM` for each item of a list or mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import ExpressionError

MAX_TEXT = 2_000
"""Characters of one expression."""
MAX_PARTS = 500
"""Pieces of a text with `${…}` parts."""
MAX_VALUE = 65_536
"""Size of a value that an expression gives."""
MAX_DEPTH = 32
"""Lists and mappings inside each other, in a value."""
MAX_READ = 8_388_608
"""Size of everything that an expression reads, counted each time that it names it: an answer of a web service of a
megabyte may be looked at."""
MAX_WORK = 30_000_000
"""The same, times how often its loops may turn, and how large its patterns are."""
MAX_TURNS = 10_000
"""The library ends an expression itself whose loops turn more often."""
ITEM = 16

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_MATCHES = re.compile(r"\bmatches\s*\(")
_REPEATED = re.compile(r"\{(\d{1,4})(?:,(\d{0,4}))?\}")
_LITERAL = re.compile(
    r"""matches\s*\(\s*[rR]?(?:"(?!"")(?:[^"\\\n]|\\.)*"|'(?!'')(?:[^'\\\n]|\\.)*')\s*\)""",
)


def check_text(text: str) -> None:
    """Raises ExpressionError for an expression that is too long, or whose patterns are not written out."""
    if len(text) > MAX_TEXT:
        what = f"the expression is too long, with more than {MAX_TEXT:,} characters: compute parts of it with `set`"
        raise ExpressionError(what, expression=text)
    literal = {found.start() for found in _LITERAL.finditer(text)}
    for found in _MATCHES.finditer(text):
        if found.start() not in literal and not _in_quotes(text, found.start()):
            what = "the pattern of `matches` must be written out, in quotes: it cannot come from a variable"
            above = text[: found.start()]
            line, column = above.count("\n") + 1, len(above) - above.rfind("\n")
            raise ExpressionError(what, expression=text, line=line, column=column)


def _in_quotes(text: str, index: int) -> bool:
    """True inside a text of the expression, as far as one can tell without reading it all."""
    before = re.sub(r"\\.", "", text[:index])
    return any(before.count(quote) % 2 for quote in "\"'")


def check_parts(text: str, pieces: int) -> None:
    """Raises ExpressionError for a text of too many pieces."""
    if pieces > MAX_PARTS:
        raise ExpressionError(f"the text has more than {MAX_PARTS} pieces: divide it", expression=text)


def check_value(value: Any, text: str) -> None:
    """Raises ExpressionError for a value, that of the expression `text`, which is too large or too deep."""
    if isinstance(value, str | bytes):
        size, depth = len(value), 0
    elif isinstance(value, list | dict):
        size, _, depth = _measure(value, MAX_VALUE)
    else:
        return
    if size > MAX_VALUE or depth > MAX_DEPTH:
        raise ExpressionError(f"{text[:80]}: the value is too large", expression=text)


class Cost:
    """How much work an expression is, as far as its text and the values that it reads tell."""

    __slots__ = ("_literals", "_loops", "_names", "_pattern", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._names = _WORD.findall(text)
        self._loops = len(_LOOP.findall(text))
        self._literals = text.count(",") + 1
        self._pattern = max((_pattern_size(found[0]) for found in _LITERAL.finditer(text)), default=1)

    def check(self, names: Mapping[str, Any]) -> None:
        """Raises ExpressionError when these values would make the expression too much work."""
        read, items = len(self._text), self._literals
        for name in self._names:
            value = names.get(name)
            if isinstance(value, str):
                read += len(value)
            elif isinstance(value, list | dict):
                size, inside, _ = _measure(value, MAX_READ)
                read += size
                items += inside
            if read > MAX_READ:
                break
        turns = min(items**self._loops, MAX_TURNS) if self._loops else 1
        if read > MAX_READ or read * turns * self._pattern > MAX_WORK:
            raise ExpressionError(
                f"{self._text[:80]}: too much work for one expression; it reads or repeats too much",
                expression=self._text,
            )


def _pattern_size(written: str) -> int:
    """About how many states a pattern has: `(a?){30}` stands for thirty of them, and each character of a text may
    have to be compared with all."""
    size = max(1, len(written) // 2)
    for least, most in _REPEATED.findall(written):
        size *= max(1, int(most or least))
    return size


def _measure(value: list[Any] | dict[Any, Any], limit: int) -> tuple[int, int, int]:
    """(size, number of items, depth) of a collection; no further than to where a limit is passed."""
    size = items = depth = 0
    level: list[Any] = [value]
    while level and size <= limit and depth <= MAX_DEPTH:
        depth += 1
        below: list[Any] = []
        for part in level:
            for item in _inside(part):
                size += ITEM + (len(item) if isinstance(item, str | bytes) else 0)
                items += 1
                if isinstance(item, list | dict):
                    below.append(item)
            if size > limit:
                break
        level = below
    return size, items, depth


def _inside(value: list[Any] | dict[Any, Any]) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    else:
        yield from value
