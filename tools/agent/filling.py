"""A call's data in the places of a command or a URL, where they can become nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, quote, urlsplit

from .messages import Event

FACTS = ("cli", "caller", "did", "name", "company", "ident", "centre", "call")
VARIABLES_FILE = "variables_file"

_PLACE = re.compile("{(" + "|".join((*FACTS, VARIABLES_FILE)) + ")}")
_LONGEST = 1_000
"""Characters of a value."""


class FillingError(ValueError):
    """A command or URL that cannot be filled in safely; says why."""


def values_of(event: Event, variables_file: str) -> dict[str, str]:
    """Place → what goes into it. variables_file: absolute path, or empty."""
    facts = {name: _plain(getattr(event, name))[:_LONGEST] for name in FACTS}
    return {**facts, VARIABLES_FILE: variables_file}


def fill_arguments(arguments: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Each stays one argument, an empty one too. One that begins with a place for the call's data then begins with a
    letter, a digit, or a + before a digit, so that it is no option, no path and no file of answers: what stands
    before that is left out. Raises FillingError."""
    if any("\0" in argument for argument in arguments):
        raise FillingError("the command has a character that no program can be given")
    return [_fill_argument(argument, values) for argument in arguments]


def _fill_argument(argument: str, values: Mapping[str, str]) -> str:
    filled = _PLACE.sub(lambda place: values[place[1]], argument)
    first = _PLACE.match(argument)
    return _no_option(filled) if first is not None and first[1] != VARIABLES_FILE else filled


def fill_url(url: str, values: Mapping[str, str]) -> str:
    """An http or https URL; each value is percent-encoded, and behind the host. Raises FillingError."""
    if any(ord(character) <= 32 or character == "\\" for character in url):
        raise FillingError("the URL has characters that no URL has")
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FillingError("the URL does not begin with http:// or https:// and a host")
    if "{" in parts.netloc or "@" in parts.netloc:
        raise FillingError("the host of the URL is not a host alone")
    if "{variables_file}" in url:
        raise FillingError("a file of this computer does not go into a URL")
    filled = _PLACE.sub(lambda place: quote(values[place[1]], safe=""), url)
    after = _split(filled)
    # `.` and `..` need no encoding, and lead to another page.
    if _steps(after.path) != _steps(parts.path) or after.netloc != parts.netloc:
        raise FillingError("the call's data would lead to another page")
    return filled


def host_of(url: str) -> str:
    """The host, in small letters. Raises FillingError."""
    return _split(url).hostname or ""


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise FillingError(f"the URL is none: {error}") from None


def _steps(path: str) -> int:
    return sum(part in (".", "..") for part in re.split(r"[/;]", path))


def _no_option(value: str) -> str:
    for at, character in enumerate(value):
        if character.isalnum() or (character == "+" and value[at + 1 : at + 2].isdecimal()):
            return value[at:]
    return ""


def _plain(value: str) -> str:
    return "".join(character if character.isprintable() else " " for character in value)
