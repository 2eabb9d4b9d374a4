"""URLs with `${expression}` parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from engine.call.templates import as_text, split
from engine.errors import CallError

_HOST_IS_OVER = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*[/?#]", re.IGNORECASE)


def in_url(text: str, evaluate: Callable[[str], Any]) -> str:
    """A URL with the values of its expressions, each percent-encoded where it stands in the path or in the query.

    What a caller sends as their number is then one segment, or one value, whatever they make of it, and the `+` of
    +33143670903 is no blank. An expression that gives the beginning of the URL stands as it is.
    """
    url = ""
    for piece in split(text):
        if isinstance(piece, str):
            url += piece
            continue
        value = as_text(evaluate(piece.expression))
        if _HOST_IS_OVER.match(url):
            if "?" not in url and value and not value.strip("."):
                raise CallError(f"{piece.expression}: {value!r} leads out of the path of the url")
            value = quote(value, safe="")
        url += value
    return url
