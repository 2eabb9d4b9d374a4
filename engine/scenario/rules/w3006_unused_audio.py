"""W3006: an audio file that no prompt names."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, ClassVar

from engine.audio.files import SUFFIXES
from engine.call.templates import split
from engine.errors import ExpressionError
from engine.scenario.diagnostics import START, Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import tone_wav
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e3001_file_missing import missing_files
from engine.scenario.suggest import closest
from engine.scenario.walk import iter_prompts

MOST_FILES = 5000
"""In a folder with more entries than this, it is not the prompts alone that are kept."""


@dataclass(slots=True)
class _Names:
    """What prompts name: files, and texts in which an expression makes a part of the name."""

    plain: set[str] = field(default_factory=set)
    patterns: list[re.Pattern[str]] = field(default_factory=list)

    def add(self, text: str) -> None:
        text = text.strip().replace("\\", "/")
        if "${" in text:
            self.patterns.append(re.compile(_pattern(text), re.IGNORECASE | re.DOTALL))
        elif text:
            self.plain.add(posixpath.normpath(text).casefold())

    def has(self, name: str) -> bool:
        """True when a file, named from the prompts folder on, may be meant. Its first folder may be a language."""
        ways = (name, name.partition("/")[2])
        return any(way and (way.casefold() in self.plain or self._fits(way)) for way in ways)

    def _fits(self, name: str) -> bool:
        return any(pattern.fullmatch(name) for pattern in self.patterns)


class UnusedAudio(Rule):
    """Looks at the prompts of all scenarios that share the folder; the first of them has the finding."""

    id: ClassVar[str] = "W3006"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Unused audio file"
    why: ClassVar[str] = (
        "The file was recorded, and nobody hears it: a prompt was forgotten, or the file is left over. A prompt with "
        "an `${expression}` in its name may mean every file that fits."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  # There are prompts/welcome.wav and prompts/goodbye.wav.
  greet: {type: play, prompt: [welcome.wav], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  # There are prompts/welcome.wav and prompts/goodbye.wav.
  greet: {type: play, prompt: [welcome.wav], next: good_bye}
  good_bye: {type: play, prompt: [goodbye.wav], next: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "prompts/welcome.wav": tone_wav(1.0),
        "prompts/goodbye.wav": tone_wav(1.0),
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each file, at `prompts`, or at the top when that is not written."""
        if draft.unsound & {"prompts", "nodes"}:
            return
        folder = draft.prompts_place
        if folder is None or any(folder.glob("*.yaml")):
            # Where scenarios are kept too, it is not for prompts alone.
            return
        names = _Names()
        _add(names, draft)
        unused = [name for name in _files(folder) if not names.has(name)]
        ours = draft.file.absolute()
        # A file beside this one that cannot be read may name what nobody else does.
        if not unused or ours.parent in draft.project.unread_folders:
            return
        sharing = [other for other in draft.project.by_prompts.get(folder, ()) if other.file.absolute() != ours]
        if any(other.file.absolute() < ours for other in sharing):
            return
        for other in sharing:
            _add(names, other)
        meant = _meant([draft, *sharing], unused)
        span = draft.document.key_span(("prompts",)) if "prompts" in draft.scenario.model_fields_set else START
        for name in unused:
            if not names.has(name) and name not in meant:
                message = f"no prompt names the audio file `{draft.scenario.prompts}/{name}`"
                yield self.found(draft, span, message, "use it in a prompt, or delete it")


def _meant(drafts: list[Draft], unused: list[str]) -> set[str]:
    """Unused files of which a prompt has a misspelt name, which is E3001's."""
    by_name = {way: name for name in unused for way in (name.partition("/")[2], name) if way}
    misspelt = {named.name for draft in drafts for named in missing_files(draft)}
    return {by_name[found] for name in misspelt if (found := closest(name, by_name)) is not None}


def _pattern(text: str) -> str:
    """A regular expression for the names that a text may give."""
    try:
        return "".join(re.escape(piece) if isinstance(piece, str) else ".*" for piece in split(text))
    except ExpressionError:
        return ".*"


def _add(names: _Names, draft: Draft) -> None:
    for node in draft.nodes.values():
        for _, items in iter_prompts(node):
            for item in items:
                if isinstance(item, str):
                    names.add(item)
    if draft.spoiled:
        # A prompt may be in what could not be read.
        for text in _texts(draft.document.data):
            names.add(text)
    directory = draft.project.directory
    for centre in directory.centres if directory is not None else ():
        if centre.ring:
            names.add(centre.ring)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _texts(item)
    elif isinstance(part, str):
        yield part


def _files(folder: File) -> list[str]:
    """The audio files below a folder, named from there on, in order; none when there are too many to be prompts."""
    found: list[str] = []
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        count += len(names) + len(folders)
        if count > MOST_FILES:
            return []
        files = [File(place, name) for name in names if not name.startswith(".")]
        found += [file.relative_to(folder).as_posix() for file in files if file.suffix.lower() in SUFFIXES]
    return sorted(found)
