"""What a prompt says, and how long it is.

The words of a recording are those of `texts.txt` beside it (lines `file.wav: what it says`), if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from engine.nodes.base import Path
from engine.nodes.fields import Say, Silence, Tone
from engine.scenario.diagnostics import Span
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import found_file

TEXTS = "texts.txt"
CHARACTERS_A_SECOND = 15
"""How fast a voice speaks; the simulator's does."""

_EXPRESSION = re.compile(r"\$\{[^}]*\}")
_TONE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of one item of a prompt. `exact` tells that the file holds them, so that each word has a place."""

    path: Path
    text: str
    exact: bool

    def place(self, draft: Draft, start: int, length: int) -> Span:
        """Where some of the words stand in the file; the whole item when they do not."""
        if not self.exact:
            return draft.document.span(self.path)
        *above, before = self.text[:start].split("\n")
        span = draft.document.inside(self.path, len(above) + 1, len(before) + 1)
        return replace(span, end_column=span.column + length) if span.line == span.end_line else span


def spoken(draft: Draft, base: Path, items: list[Any]) -> Iterator[Spoken | None]:
    """What each item says, None where nobody knows: a recording without a text, a value. Expressions in a text are
    left out, each as long as it is written, so that the places stay."""
    for index, item in enumerate(items):
        if isinstance(item, Say) and item.say is not None:
            yield Spoken((*base, index, "say"), _EXPRESSION.sub(lambda part: "…" * len(part[0]), item.say), True)
        elif isinstance(item, str):
            text = _recorded(draft, item)
            yield None if text is None else Spoken((*base, index), text, False)
        elif not isinstance(item, Silence | Tone):
            yield None


def seconds(draft: Draft, items: list[Any]) -> float:
    """How long a prompt takes, at least: what is known only in a call counts nothing."""
    return sum(_item_seconds(draft, item) for item in items)


def _item_seconds(draft: Draft, item: Any) -> float:
    if isinstance(item, Say):
        return len(_EXPRESSION.sub("", item.say or "")) / CHARACTERS_A_SECOND
    if isinstance(item, Silence):
        return item.silence or 0.0
    if isinstance(item, Tone):
        return _TONE_SECONDS
    file = _file(draft, item)
    return 0.0 if file is None else _duration(file, _modified(file))


def _file(draft: Draft, item: Any) -> File | None:
    if not isinstance(item, str) or "${" in item or draft.unsound & {"prompts", "language"}:
        return None
    return found_file(draft, item)


def _recorded(draft: Draft, item: str) -> str | None:
    file = _file(draft, item)
    if file is None:
        return None
    texts = file.with_name(TEXTS)
    return _texts(texts, _modified(texts)).get(file.name)


def _modified(file: File) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _texts(file: File, modified: int) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name.strip(): text.strip() for name, _, text in pairs if text.strip()}


@lru_cache(maxsize=4096)
def _duration(file: File, modified: int) -> float:
    import soundfile

    try:
        return float(soundfile.info(str(file)).duration)
    except (soundfile.SoundFileError, OSError, RuntimeError):
        # That it cannot be read is E3002.
        return 0.0
