"""E3005: a text to be spoken, and nothing that speaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Path
from engine.nodes.fields import Date, Number, Say, Time
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.walk import iter_prompts

NO_VOICE = "none"
"""Setting `voice` of a server that has none."""


class NoVoice(Rule):
    """Asks the server's settings; without any, the scenario's `voice`."""

    id: ClassVar[str] = "E3005"
    summary: ClassVar[str] = "Synthesised text and no voice configured"
    why: ClassVar[str] = (
        "`{say: …}` needs a voice. Where there is no `server.yaml`, nobody knows what the server has, so the "
        "scenario names its `voice`; with one, a voice is there unless its `voice` is `none`. Then numbers, dates "
        "and times cannot be said either; `{digits: …}` can, which are recordings."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greet
nodes:
  greet: {type: play, prompt: [{say: Welcome}], next: end}
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
        """One finding for a file, at the first text: it is one voice that is missing."""
        if "voice" in draft.unsound:
            return
        settings = draft.project.server
        if draft.scenario.voice if settings is None else settings.get("voice") != NO_VOICE:
            return
        said = _texts(draft, (Say,) if settings is None else (Say, Number, Date, Time))
        texts = [(draft.document.span(path), path) for path in said]
        if texts:
            span, _ = min(texts, key=lambda text: (text[0].line, text[0].column))
            others = f" (nor {len(texts) - 1} more)" if len(texts) > 1 else ""
            if settings is None:
                message = f"no voice is configured to say this text{others}"
                hint = f"write `voice: {draft.scenario.language}` at the top of the file, or record the text"
            else:
                message = f"the server has no voice to say this text{others}: its settings say `voice: none`"
                hint = "record the text"
            yield self.found(draft, span, message, hint)


def _texts(draft: Draft, kinds: tuple[type, ...]) -> Iterator[Path]:
    for name, node in draft.nodes.items():
        for path, items in iter_prompts(node):
            for index, item in enumerate(items):
                if isinstance(item, kinds) and (not isinstance(item, Say) or (item.say or "").strip()):
                    yield ("nodes", name, *path, index)
