"""What masked variables hold, taken out of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from engine.call.templates import as_text

_SHORT = 3
"""A value with fewer characters is replaced where it is a word of its own: `no` is not the beginning of `node`."""


def redacted(text: str, secrets: Iterable[Any]) -> str:
    """`text` with an x for each character of the secrets, and of everything inside a secret row or list."""
    for word in sorted({word for secret in secrets for word in _words(secret)}, key=len, reverse=True):
        pattern = re.escape(word)
        if len(word) < _SHORT or word in ("true", "false"):
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, "x" * len(word), text)
    return text


def _words(secret: Any) -> Iterator[str]:
    """A value as it may stand in a text."""
    match secret:
        case dict():
            for item in secret.values():
                yield from _words(item)
        case list():
            for item in secret:
                yield from _words(item)
        case None | "" | b"":
            return
        case _:
            yield as_text(secret)
            if not isinstance(secret, (bool, bytes)):
                yield str(secret)
