"""The keys that a text asks the caller to press, in English and in French.

Read with care: a key counts when a verb of pressing goes before it, or the key before it did ("press 1 or 2", "press
1 for sales, 2 for support"), and a word behind it shows that it is no quantity ("enter 4 digits").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_DIGITS = (
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
)
_WORDS = {
    **{word: str(digit) for words in _DIGITS for digit, word in enumerate(words)},
    **dict.fromkeys(("star", "asterisk", "étoile", "astérisque"), "*"),
    **dict.fromkeys(("hash", "pound", "dièse"), "#"),
}
_KEY = rf"(?:\d+|[*#]|(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b)"
_VERB = (
    r"\b(?:press(?:ing)?|dial(?:ling)?|enter|hit|push|type|choose|select|followed\s+by"
    r"|appuye[rz]|appuyant|tape[rz]|tapant|faites|compose[rz]|presse[rz]|choisi(?:ssez|r)|sélectionne[rz]|suivie?)"
)
_FILL = (
    r"(?:(?:on|the|a|key|number|digit|button|option|from|between"
    r"|sur|de|du|d['’]|entre|la|le|l['’]|une|touche|chiffre|numéro|option|bouton)\b[\s'’]*)*"
)
_BOUNDARY = (
    r"(?=\s*(?:$|[.,;:!?)…]"
    r"|(?:for|to|or|and|if|when|now|then|at|on|from|again|please|instead|any|once|while|until|key|button|sign|through"
    r"|pour|ou|et|si|s['’]|sinon|afin|maintenant|puis|suivie?|sur|à|de|dès|quand|lorsque)(?:\b|(?<=['’]))))"
)
_TO = r"\s*(?:to|through|and|à|et)\s+"
_NEXT = rf"\s*(?:,\s*)?(?:(?:or|and|then|ou|et|puis)\s+|,\s*){_FILL}"
_FIRST = re.compile(rf"{_VERB}\s+(?P<fill>{_FILL})(?P<key>{_KEY}){_BOUNDARY}", re.IGNORECASE)
_RANGE = re.compile(rf"{_TO}(?P<key>\d)(?!\d)", re.IGNORECASE)
_LISTED = re.compile(rf"{_NEXT}(?P<key>{_KEY}){_BOUNDARY}", re.IGNORECASE)
_ALSO = re.compile(
    rf"(?:[,;]\s*|\b(?:or|and|ou|et)\s+)+{_FILL}(?P<key>{_KEY})(?=\s+(?:for|to|if|pour|si|afin)\b)", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?\n]+|$)")
_LEAD = r"\s*(?:(?:please|otherwise|or|and|you\s+(?:can|may)|veuillez|merci\s+de|ou|et|sinon|vous\s+pouvez)\b,?\s*)*"
_KEY_FIRST = re.compile(
    rf"{_LEAD}{_VERB}\s+{_FILL}{_KEY}(?:\s+(?:key|button|sign))?\s+(?:for|to|if|pour|si|s['’]|afin)(?:\b|(?<=['’]))"
    rf"(?!\s*\d|il\s+vous\s+pla)",
    re.IGNORECASE,
)
_ANY = re.compile(rf"(?<!\w){_KEY}(?!\w)", re.IGNORECASE)


class SaidKey(NamedTuple):
    """A key that a text names: the key, its offset and its length in the text, and the sentence around it."""

    key: str
    start: int
    length: int
    sentence: str


def said_keys(text: str) -> Iterator[SaidKey]:
    """The keys that a text asks to press, in the order in which it names them."""
    for sentence in _SENTENCE.finditer(text):
        words, begin = sentence[0], sentence.start()
        at = 0
        while first := _FIRST.search(words, at):
            yield _said(first, begin, words)
            at = first.end("key")
            if first["key"].isdecimal() and len(first["key"]) == 1 and (last := _RANGE.match(words, at)):
                for key in range(int(first["key"]) + 1, int(last["key"]) + 1):
                    yield SaidKey(str(key), begin + last.start("key"), 1, words)
                at = last.end()
            while more := _LISTED.match(words, at) or _ALSO.search(words, at, _until_next(words, at)):
                yield _said(more, begin, words)
                at = more.end("key")


def keys_anywhere(text: str) -> set[str]:
    """Whatever in a text may be the name of a key."""
    return {_WORDS.get(word.lower(), word) for word in _ANY.findall(text)}


def key_first(text: str) -> Iterator[tuple[int, int]]:
    """Offset and length of the beginning of each sentence that says the key before what it is for."""
    for sentence in _SENTENCE.finditer(text):
        if found := _KEY_FIRST.match(sentence[0]):
            lead = len(found[0]) - len(found[0].lstrip())
            yield sentence.start() + lead, len(found[0]) - lead


def _until_next(words: str, at: int) -> int:
    following = _FIRST.search(words, at)
    return following.start() if following else len(words)


def _said(match: re.Match[str], begin: int, sentence: str) -> SaidKey:
    word = match["key"]
    return SaidKey(_WORDS.get(word.lower(), word), begin + match.start("key"), len(word), sentence)
