"""W3007: an audio file that is silent, clipped or long."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from engine.audio.files import Sound
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import audio_files, examined, named_files, tone_wav
from engine.scenario.rules.base import Rule

SILENT_DB = -50.0
CLIPPED = 0.001
LONG_SECONDS = 60.0

BACKGROUND = ("music", "ringback")
"""Keys of prompts that go on while the caller waits, and may be long."""


class BadSound(Rule):
    """Measures each file as it was recorded, in every language that the call may have."""

    id: ClassVar[str] = "W3007"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Silent, clipped or over 60 s"
    why: ClassVar[str] = (
        "A file whose loudest sample is below -50 dB of full scale is not heard on a telephone; one of which 0.1 % "
        "of the samples or more are cut off at full scale sounds broken; and nobody listens to a prompt for more "
        "than 60 s. Music for waiting (`music`, `ringback`) may be long. For a pause, write `{silence: 2s}`."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  # The file lasts 61 s.
  greet: {type: play, prompt: [music.wav], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  find_agent:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    music: [music.wav]
    on: {transferred: end, nobody: end, timeout: end}
"""
    files: ClassVar[dict[str, bytes]] = {"prompts/music.wav": tone_wav(61.0, rate=1000)}

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each defect of a file, where it is first named."""
        if draft.unsound & {"prompts", "language"}:
            return
        told = set()
        for named in named_files(draft):
            for file in audio_files(draft, named):
                sound = examined(file)
                if not isinstance(sound, Sound):
                    continue
                for defect, hint in _defects(sound, background=named.field in BACKGROUND):
                    if (file, defect) not in told:
                        told.add((file, defect))
                        shown = file.relative_to(draft.prompts_dir).as_posix()
                        yield self.found(
                            draft, draft.document.span(named.path), f"the audio file `{shown}` {defect}", hint
                        )


def _defects(sound: Sound, *, background: bool) -> Iterator[tuple[str, str]]:
    """What is wrong, and what to do about it."""
    loudest = 20 * math.log10(sound.peak) if sound.peak else -math.inf
    if loudest < SILENT_DB:
        level = f"its loudest sample is at {loudest:.0f} dB of full scale" if sound.peak else "there is nothing in it"
        yield f"is silent: {level}", "record it again, louder; for a pause, write {silence: 2s}"
    if sound.clipped >= CLIPPED:
        yield f"is clipped: {sound.clipped:.1%} of its samples are cut off", "record it again, less loud"
    if sound.duration > LONG_SECONDS and not background:
        yield f"lasts {sound.duration:.0f} s, which is more than {LONG_SECONDS:.0f} s", "say it in fewer words"
