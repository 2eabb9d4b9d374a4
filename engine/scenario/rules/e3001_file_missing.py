"""E3001: an audio file that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import Named, audio_files, languages_with, named_files
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class FileMissing(Rule):
    """Looks in `prompts/<language>/`, for each language that the call may have there, then in `prompts/`."""

    id: ClassVar[str] = "E3001"
    summary: ClassVar[str] = "Audio file missing"
    why: ClassVar[str] = (
        "The prompt would be silent. Files are looked for in the language's folder first (`prompts/fr/x.wav`), then "
        "in `prompts/` itself, beside the scenario."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  greet: {type: play, prompt: [welcome.wav], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: Welcome}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that a missing file is named."""
        if draft.unsound & {"prompts", "language"}:
            return
        for named in missing_files(draft):
            folder, name = draft.scenario.prompts, named.name
            message = (
                f"the audio file `{name}` is missing: neither {folder}/{named.languages[0]}/{name} nor "
                f"{folder}/{name} exists"
            )
            hint = did_you_mean(name, _existing(draft, named.languages))
            if not hint and not re.search(r"\.\w{2,5}$", name):
                hint = "a text to be spoken is written {say: …}"
            yield self.found(draft, draft.document.span(named.path), message, hint)


def missing_files(draft: Draft) -> Iterator[Named]:
    """Where prompts name a file that is not there; what is there in another language is E3004's."""
    for named in named_files(draft):
        if not audio_files(draft, named) and not languages_with(draft, named.name):
            yield named


def _existing(draft: Draft, languages: tuple[str, ...]) -> list[str]:
    folders = (draft.prompts_dir, *(draft.prompts_dir / language for language in languages))
    try:
        return sorted({file.name for folder in folders if folder.is_dir() for file in folder.iterdir()})
    except (OSError, ValueError):
        return []
