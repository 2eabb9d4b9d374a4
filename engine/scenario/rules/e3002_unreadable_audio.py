"""E3002: a file that is no audio that can be played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import audio_files, examined, named_files
from engine.scenario.rules.base import Rule


class UnreadableAudio(Rule):
    """Decodes each file as a call would."""

    id: ClassVar[str] = "E3002"
    summary: ClassVar[str] = "Unreadable or unsupported audio"
    why: ClassVar[str] = "The file is there, but is no WAV, FLAC, OGG or MP3 that can be decoded, or may not be read."
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  greet: {type: play, prompt: [notes.txt], next: end}
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
    files: ClassVar[dict[str, bytes]] = {"prompts/notes.txt": b"This is a text, not a sound."}

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that such a file is named."""
        if draft.unsound & {"prompts", "language"}:
            return
        for named in named_files(draft):
            for file in audio_files(draft, named):
                defect = examined(file)
                if isinstance(defect, str):
                    message = f"the audio file `{named.name}` cannot be played: {defect}"
                    yield self.found(draft, draft.document.span(named.path), message)
