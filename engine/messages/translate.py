"""The language of this process."""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path

from engine.messages.language import Language

FRENCH = Path(__file__).with_name("fr.po")


class _InUse:
    language: Language = "en"
    texts: NullTranslations = NullTranslations()


def use_language(language: Language) -> None:
    """Say everything in that language from now on. Blocking: some milliseconds for French, none for English."""
    _InUse.language = language
    if language == "en":
        _InUse.texts = NullTranslations()
    else:
        from engine.messages.catalogue import compiled, read_po

        _InUse.texts = compiled(read_po(FRENCH))


def in_use() -> Language:
    """The language that was chosen; English at first."""
    return _InUse.language


def _(text: str) -> str:
    """The text in the language in use."""
    return _InUse.texts.gettext(text)


def _n(one: str, many: str, count: int) -> str:
    """One of two texts, by number, in the language in use. Their `{count}` is for the caller to fill in."""
    return _InUse.texts.ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """The text itself, to be translated by `_` where it is shown."""
    return text
