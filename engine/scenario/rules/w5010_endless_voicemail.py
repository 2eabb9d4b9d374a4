"""W5010: a message of any length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.voicemail import Voicemail
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class EndlessVoicemail(Rule):
    """Wants the length written in the file: the default may not be what the mailbox can take."""

    id: ClassVar[str] = "W5010"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Voicemail without maximum length"
    why: ClassVar[str] = (
        "Somebody forgets to hang up, and the message is what the room says for as long as the default allows. How "
        "long a message may be is for the owner of the mailbox to decide, and for callers to be told."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: message
nodes:
  message: {type: voicemail, mailbox: support, on: {recorded: end, empty: end}}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: message
nodes:
  message: {type: voicemail, mailbox: support, max_duration: 2m, on: {recorded: end, empty: end}}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in draft.nodes.items():
            path = ("nodes", name, "max_duration")
            if isinstance(node, Voicemail) and path not in draft.document.values and not draft.is_spoiled(path[:2]):
                span = draft.document.key_span(path[:2])
                yield self.found(draft, span, f"`{name}` says no maximum length", "write max_duration: 2m, say")
