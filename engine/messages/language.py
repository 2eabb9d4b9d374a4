"""In which language somebody is told something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX: the first that is set decides."""


def language_of_the_machine(environ: Mapping[str, str]) -> Language:
    """What the locale of the environment says; English for any language that there is no text in."""
    locale = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    return "fr" if locale.lower().replace("-", "_").partition("_")[0].partition(".")[0] == "fr" else "en"
