"""How wide a text is, without the font: an upper bound for the usual sans-serif fonts."""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("iIjl.,:;|!'`()[]{}ftr-/\\ \"“”‘’·")
_WIDE = frozenset("mwMW@%→…—")
BOLD = 1.1
"""How much wider bold text is."""


def _em(character: str) -> float:
    """Width of a character, in ems."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.02
    if character in _NARROW:
        return 0.43
    if character in _WIDE:
        return 1.02
    return 0.76 if character.isupper() or ord(character) > 0x2000 else 0.64


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a text, in the unit of `size`, its height in that font."""
    return sum(map(_em, text)) * size * (BOLD if bold else 1.0)


def wrap(words: list[str], size: float, longest: float) -> list[str]:
    """Words with commas between, on as many lines as their width asks for."""
    lines: list[str] = []
    for index, word in enumerate(words):
        part = word + ("," if index < len(words) - 1 else "")
        if lines and width(f"{lines[-1]} {part}", size) <= longest:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines


def fit(text: str, size: float, longest: float, *, bold: bool = False) -> str:
    """A text, cut with an ellipsis where it is wider than `longest`."""
    if width(text, size, bold=bold) <= longest:
        return text
    while text and width(text + "…", size, bold=bold) > longest:
        text = text[:-1]
    return text.rstrip() + "…"
