"""E3001: an audio file that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File
from typing import ClassVar

from engine.audio.files import find
from engine.errors import AudioError
from engine.nodes.base import Path
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean
from engine.scenario.walk import iter_prompts


def audio_files(draft: Draft) -> Iterator[tuple[Path, str]]:
    """Every audio file that prompts name, unless an expression makes the name."""
    for name, node in draft.nodes.items():
        for path, items in iter_prompts(node):
            for index, item in enumerate(items):
                if isinstance(item, str) and item.strip() and "${" not in item:
                    yield ("nodes", name, *path, index), item


def found_file(draft: Draft, name: str) -> File | None:
    """Where the file is, looked up as in a call; None when it is missing."""
    try:
        return find(draft.prompts_dir, draft.scenario.language, name)
    except (AudioError, OSError, ValueError):
        # ValueError, OSError: no file of any system can have such a name.
        return None


class FileMissing(Rule):
    """Looks in `prompts/<language>/`, then in `prompts/`."""

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
        for path, name in audio_files(draft):
            if found_file(draft, name) is None:
                folder = draft.scenario.prompts
                message = (
                    f"the audio file `{name}` is missing: neither {folder}/{draft.scenario.language}/{name} nor "
                    f"{folder}/{name} exists"
                )
                hint = did_you_mean(name, _existing(draft))
                yield self.found(draft, draft.document.span(path), message, hint)


def _existing(draft: Draft) -> list[str]:
    folders = (draft.prompts_dir, draft.prompts_dir / draft.scenario.language)
    try:
        return sorted({file.name for folder in folders if folder.is_dir() for file in folder.iterdir()})
    except (OSError, ValueError):
        return []
