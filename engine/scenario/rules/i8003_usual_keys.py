"""I8003: 0, * and # do something unusual."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

from engine.nodes.base import END, Path
from engine.nodes.menu import Menu
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._said_keys import said_keys
from engine.scenario.rules._speech import spoken
from engine.scenario.rules.base import Rule


class _Usual(NamedTuple):
    meaning: str
    words: re.Pattern[str]
    leads_there: Callable[[Draft, str, str], bool]


def _reaches_person(draft: Draft, menu: str, target: str) -> bool:
    node = draft.nodes.get(target)
    return node is not None and node.type in ("agent_search", "bridge", "transfer", "switchboard")


def _goes_back(draft: Draft, menu: str, target: str) -> bool:
    node = draft.nodes.get(target)
    return node is not None and (node.type == "return" or menu in draft.reach([target]))


def _ends(draft: Draft, menu: str, target: str) -> bool:
    """Nobody is asked, or talked to, from there on."""
    nodes = [draft.nodes[name] for name in draft.reach([target]) if name in draft.nodes] if target != END else []
    return not any(node.takes_input or node.pauses for node in nodes)


def _words(*stems: str) -> re.Pattern[str]:
    return re.compile("|".join(stems).replace(" ", "|"), re.IGNORECASE)


_USUAL = {
    "0": _Usual(
        "help or an operator",
        _words(
            "help operat recept switchboard agent advis assist person somebody someone support secretar desk",
            "attendant aide opérat standard accueil conseil secrétar quelqu",
        ),
        _reaches_person,
    ),
    "*": _Usual(
        "the way back",
        _words(
            "back previous return repeat again main menu start begin",
            "retour préc prec répét repet recommenc réécout princip",
        ),
        _goes_back,
    ),
    "#": _Usual(
        "the end",
        _words(
            "end finish quit exit bye done confirm accept valid skip continu",
            "fin termin quitt revoir raccroch pass",
        ),
        _ends,
    ),
}


class UsualKeys(Rule):
    """Judges by where the key leads, by that node's name, and by what the prompt says of the key."""

    id: ClassVar[str] = "I8003"
    severity: ClassVar[Severity] = "information"
    summary: ClassVar[str] = "0 is not help or operator, * not back, # not end"
    why: ClassVar[str] = (
        "Callers who have used other telephone services press 0 for a person or for help, * to go back and # "
        "to finish, often before they are told."
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
    prompt: [{say: "For sales, press 1. For our opening hours, press 0."}]
    options: {"1": good, "0": hours}
    on: {no_input: end, no_match: end}
  good: {type: play, prompt: [{say: Thank you.}], next: end}
  hours: {type: play, prompt: [{say: From nine to five.}], next: end}
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
    prompt: [{say: "For sales, press 1. For our receptionist, press 0."}]
    options: {"1": good, "0": reception}
    on: {no_input: end, no_match: end}
  good: {type: play, prompt: [{say: Thank you.}], next: end}
  reception: {type: bridge, to: "200", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each of the three keys of a menu that does something else."""
        for name, node in draft.nodes.items():
            if not isinstance(node, Menu):
                continue
            for key, usual in _USUAL.items():
                target = node.options.get(key)
                if target is None or (target not in draft.nodes and target != END):
                    continue
                words = f"{target} {_said_of(draft, ('nodes', name), node, key)}"
                if usual.words.search(words) or usual.leads_there(draft, name, target):
                    continue
                span = draft.document.key_span(("nodes", name, "options", key))
                yield self.found(
                    draft, span, f"`{key}` is not {usual.meaning}", f"callers expect {usual.meaning} there"
                )


def _said_of(draft: Draft, base: Path, menu: Menu, key: str) -> str:
    """What the prompt says about a key: the sentence in which it names it."""
    texts = [text.text for text in spoken(draft, (*base, "prompt"), menu.prompt) if text is not None]
    return " ".join(said.sentence for text in texts for said in said_keys(text) if said.key == key)
