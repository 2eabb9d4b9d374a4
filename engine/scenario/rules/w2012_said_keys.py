"""W2012: what the prompt says and the keys are not the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Node, Path
from engine.nodes.collect import Collect
from engine.nodes.menu import Menu
from engine.nodes.play import Play
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._keys import listed, takes
from engine.scenario.rules._said_keys import keys_anywhere, said_keys
from engine.scenario.rules._speech import Spoken, spoken
from engine.scenario.rules.base import Rule
from engine.scenario.walk import iter_prompts


class SaidKeys(Rule):
    """Reads texts to say, and recordings whose words are in `texts.txt` beside them, in English and in French."""

    id: ClassVar[str] = "W2012"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Keys named in the prompt and the options disagree"
    why: ClassVar[str] = (
        "A caller who is told to press 3 gets nowhere when there is no option 3, and nobody presses a key "
        "that is not named. Looked at are the options of a menu, the terminator of a `collect`, the "
        "terminators of a `voicemail` and the `exit_keys` of a search."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: "For sales, press 1. To leave a message, press 3."}]
    options: {"1": end, "2": message}
    on: {no_input: end, no_match: end}
  message:
    type: voicemail
    mailbox: support
    max_duration: 2m
    on: {recorded: end, empty: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: "For sales, press 1. To leave a message, press 2."}]
    options: {"1": end, "2": message}
    on: {no_input: end, no_match: end}
  message:
    type: voicemail
    mailbox: support
    max_duration: 2m
    on: {recorded: end, empty: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Keys that are said and do nothing, at the word; then options that a prompt which names keys leaves out."""
        for name, node in draft.nodes.items():
            if any(twice.path[:2] == ("nodes", name) for twice in draft.document.duplicates):
                continue
            base = ("nodes", name)
            useless = list(self._useless(draft, base, node))
            yield from useless
            if isinstance(node, Menu) and not useless and not draft.is_spoiled((*base, "options")):
                yield from self._unsaid(draft, base, node)

    def _useless(self, draft: Draft, base: Path, node: Node) -> Iterator[Diagnostic]:
        accepted = _accepted(draft, base, node)
        if accepted is None:
            return
        longest = max((len(pattern) for pattern in accepted if "X" not in pattern), default=1)
        for text in _texts(draft, base, node):
            for said in said_keys(text.text):
                if len(said.key) > longest or any(takes(pattern, said.key) for pattern in accepted):
                    continue
                span = text.place(draft, said.start, said.length)
                message = f"the caller is told to press `{said.key}`, which does nothing here"
                others = [key for key in accepted if key != "X"]
                hint = f"keys that do: {listed(others)}" if others else "name no key, or give it something to do"
                yield self.found(draft, span, message, hint)

    def _unsaid(self, draft: Draft, base: Path, menu: Menu) -> Iterator[Diagnostic]:
        items = list(spoken(draft, (*base, "prompt"), menu.prompt))
        texts = [item.text for item in items if item is not None]
        if None in items or draft.is_spoiled((*base, "prompt")) or not any(any(said_keys(text)) for text in texts):
            return
        before = list(_said_before(draft, str(base[1])))
        said = {said.key for text in texts for said in said_keys(text)}.union(*map(keys_anywhere, texts + before))
        for option in menu.options:
            if "X" not in option and option not in said:
                span = draft.document.key_span((*base, "options", option))
                yield self.found(draft, span, f"the prompt names keys, but not `{option}`", "say what the key is for")


def _accepted(draft: Draft, base: Path, node: Node) -> list[str] | None:
    """What the caller may press while the node speaks to them; None when that is not known."""
    for key in ("options", "direct_dial", "exit_keys", "terminators", "terminator", "pattern"):
        if draft.is_spoiled((*base, key)):
            return None
    if isinstance(node, Menu):
        return [*node.options, *([node.direct_dial.pattern] if node.direct_dial else [])]
    if isinstance(node, Collect):
        # What stands in the pattern may be pressed too; digits may be an example.
        ends = [node.terminator] if node.terminator else []
        return ["X", *ends, *(key for key in "*#" if key in (node.pattern or ""))]
    for key in ("exit_keys", "terminators"):
        if (keys := getattr(node, key, None)) is not None:
            return [*keys, *(("1", "2", "3") if getattr(node, "review", False) else ())]
    return None


def _texts(draft: Draft, base: Path, node: Node) -> Iterator[Spoken]:
    """What the caller hears of a node, as far as it is known; not what somebody else hears."""
    for path, items in iter_prompts(node):
        if path[0] not in ("whisper", "confirm"):
            yield from (item for item in spoken(draft, (*base, *path), items) if item is not None)


def _said_before(draft: Draft, name: str) -> Iterator[str]:
    """What nodes say that lead to a menu without listening, one after another."""
    waiting, seen = [name], {name}
    while waiting:
        target = waiting.pop()
        for other, node in draft.nodes.items():
            if other not in seen and isinstance(node, Play) and any(edge.target == target for edge in node.edges()):
                seen.add(other)
                waiting.append(other)
                yield from (text.text for text in _texts(draft, ("nodes", other), node))
