"""E3002: a file that is no audio that can be played."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from engine.audio.files import read_clip
from engine.errors import AudioError
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e3001_file_missing import audio_files, found_file


@lru_cache(maxsize=4096)
def _defect(file: Path, modified: int, size: int) -> str | None:
    """Why the file cannot be played; None when it can."""
    try:
        read_clip(file)
    except (AudioError, OSError, ValueError) as error:
        reason = str(error).replace(f"Error opening '{file}': ", "")
        return reason.removeprefix(f"{file}: ").removeprefix(f"{file} ")
    return None


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
  greet: {type: play, prompt: [notes.wav], next: end}
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
    files: ClassVar[dict[str, bytes]] = {"prompts/notes.wav": b"This is a text, not a sound."}

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that such a file is named."""
        if draft.unsound & {"prompts", "language"}:
            return
        for path, name in audio_files(draft):
            file = found_file(draft, name)
            if file is None:
                continue
            try:
                status = file.stat()
            except OSError:
                # It went away since it was found.
                continue
            defect = _defect(file, status.st_mtime_ns, status.st_size)
            if defect is not None:
                message = f"the audio file `{name}` cannot be played: {defect}"
                yield self.found(draft, draft.document.span(path), message)
