"""W7006: a recording that the caller has not been told about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import Node
from engine.nodes.fields import Say
from engine.nodes.return_ import Return
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._flow import Facts, certain, in_doubt, is_called, way_without
from engine.scenario.rules.base import Rule

TOLD = frozenset({"told"})


class UnannouncedRecording(Rule):
    """A message on a voicemail is no such recording: who leaves one knows. In a scenario that others call, they may
    have told the caller."""

    id: ClassVar[str] = "W7006"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Recording without a consent announcement"
    why: ClassVar[str] = (
        "In many countries a conversation may be recorded only when those who speak have been told before. A "
        "`record` has its `announce` for it; before `record: true` on a bridge or a search, on every way, something "
        "must be said."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: connect
nodes:
  connect:
    type: bridge
    to: sip:reception@example.com
    record: true
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: tell
nodes:
  tell: {type: play, prompt: [{say: This call is recorded.}], next: connect}
  connect:
    type: bridge
    to: sip:reception@example.com
    record: true
    on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node that records."""
        recording = {name: key for name, node in draft.nodes.items() if (key := _records(node)) is not None}
        if not recording or in_doubt(draft):
            return
        gives = _Told(draft)
        entries = certain(draft, TOLD if is_called(draft) else frozenset(), gives)
        for name, key in recording.items():
            if name in entries and not entries[name]:
                way = way_without(draft, name, "told", gives)
                by = f", on the way {' → '.join(way)}" if way else ""
                message = f"`{name}` records a caller who has been told nothing before{by}"
                hint = "say so before, with a prompt or the `announce` of a `record`"
                yield self.found(draft, draft.document.key_span(("nodes", name, key)), message, hint)


def _records(node: Node) -> str | None:
    """The key of a node that makes it record without saying so."""
    if node.type == "record":
        return "action" if getattr(node, "action", None) == "start" and not _tells(node) else None
    return "record" if getattr(node, "record", False) is True else None


def _tells(node: Node) -> bool:
    """True for a node that says something to the caller: a file or a text."""
    prompts = (getattr(node, key, None) for key in ("prompt", "greeting", "announce"))
    return any(isinstance(item, str | Say) for prompt in prompts if isinstance(prompt, list) for item in prompt)


class _Told:
    """Behind which nodes the caller has been told something."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def __call__(self, name: str, node: Node, outcome: str) -> Facts:
        if isinstance(node, ScenarioCall):
            return TOLD if outcome == "error" or self._by_sub_scenario(node) else frozenset()
        return TOLD if _tells(node) else frozenset()

    def _by_sub_scenario(self, node: ScenarioCall) -> bool:
        """True when a sub-scenario tells something before each of its returns; also when nobody knows."""
        sub = self._draft.project.scenario(node.name)
        if sub is None or in_doubt(sub):
            return True
        if "told" not in sub.worked_out:
            sub.worked_out["told"] = True
            entries = certain(sub, frozenset(), _Told(sub))
            returns = (name for name, other in sub.nodes.items() if isinstance(other, Return))
            sub.worked_out["told"] = all(entries[name] for name in returns if name in entries)
        return bool(sub.worked_out["told"])
