"""W3008: an audio file whose name is written in other letters than on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import ClassVar

from engine.audio.files import name_on_disk
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import Named, audio_files, named_files, tone_wav
from engine.scenario.rules.base import Rule


class CaseDiffers(Rule):
    """Compares with the folder's own listing, so that it speaks on every system. Speaks instead of E3001."""

    id: ClassVar[str] = "W3008"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "File name differs by case only"
    why: ClassVar[str] = (
        "The call finds the file all the same, as long as no other is written nearly so. But most tools on Linux "
        "will not, and two names of one file are looked for in vain."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  # The file is prompts/Welcome.wav.
  greet: {type: play, prompt: [welcome.wav], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  # The file is prompts/Welcome.wav.
  greet: {type: play, prompt: [Welcome.wav], next: end}
"""
    files: ClassVar[dict[str, bytes]] = {"prompts/Welcome.wav": tone_wav(1.0)}

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that such a name is written."""
        if draft.unsound & {"prompts", "language"}:
            return
        for named in named_files(draft):
            if (stored := _stored(draft, named)) is not None:
                message = f"the audio file `{named.name}` is called `{stored}` on disk"
                yield self.found(draft, draft.document.span(named.path), message, f"write {stored}")


def _stored(draft: Draft, named: Named) -> str | None:
    """The name on disk, from the prompts folder on, when it is another one than is written."""
    for file, languages in audio_files(draft, named).items():
        relative = file.relative_to(draft.prompts_dir)
        stored = name_on_disk(draft.prompts_dir, relative)
        written = [PurePath(named.name), *(PurePath(language, named.name) for language in languages)]
        if stored is not None and stored not in written and ".." not in relative.parts:
            # A language's folder is named when it is the folder that is written otherwise.
            inside = PurePath(*stored.parts[1:])
            in_language = stored.parts[0] in languages and len(stored.parts) == len(PurePath(named.name).parts) + 1
            return (inside if in_language else stored).as_posix()
    return None
