"""E3004: an audio file that exists, but not in the language of the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._audio import audio_file, languages_with, named_files, tone_wav
from engine.scenario.rules.base import Rule


class LanguageVariant(Rule):
    """Follows the call through its `language` nodes, into sub-scenarios and back. Speaks instead of E3001."""

    id: ClassVar[str] = "E3004"
    summary: ClassVar[str] = "Language variant missing"
    why: ClassVar[str] = (
        "The file is there in one language (`prompts/en/welcome.wav`), but a call that comes to this prompt may have "
        "another one: the scenario's `language`, or that of a `language` node before. It would hear nothing. A file "
        "in `prompts/` itself serves every language."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
language: fr
start: greet
nodes:
  # There are prompts/en/welcome.wav and prompts/fr/goodbye.wav.
  greet: {type: play, prompt: [welcome.wav], next: good_bye}
  good_bye: {type: play, prompt: [goodbye.wav], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
language: en
start: greet
nodes:
  # There are prompts/en/welcome.wav and prompts/fr/goodbye.wav.
  greet: {type: play, prompt: [welcome.wav], next: french}
  french: {type: language, language: fr, next: good_bye}
  good_bye: {type: play, prompt: [goodbye.wav], next: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "prompts/en/welcome.wav": tone_wav(1.0),
        "prompts/fr/goodbye.wav": tone_wav(1.0),
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that such a file is named."""
        if draft.unsound & {"prompts", "language"}:
            return
        for named in named_files(draft):
            missing = [language for language in named.languages if audio_file(draft, named.name, language) is None]
            there = languages_with(draft, named.name) if missing else []
            if there:
                folder = draft.scenario.prompts
                wanted = " and ".join(f"{folder}/{language}/{named.name}" for language in missing)
                message = (
                    f"the audio file `{named.name}` is there in {', '.join(there)}, but not in "
                    f"{' and '.join(missing)}, which the call may have here"
                )
                yield self.found(draft, draft.document.span(named.path), message, f"record {wanted}")
