"""E5009: a voicemail without mailbox."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class VoicemailWithoutMailbox(Rule):
    """Found by the schema step."""

    id: ClassVar[str] = "E5009"
    summary: ClassVar[str] = "Voicemail without mailbox or e-mail"
    why: ClassVar[str] = "A message that is kept nowhere is lost: `mailbox` names the folder it is kept in."
    missing_key: ClassVar[tuple[str, str] | None] = ("voicemail", "mailbox")
    missing_message: ClassVar[str] = "the voicemail has no `mailbox`"
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: message
nodes:
  message:
    type: voicemail
    on: {recorded: end, empty: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: message
nodes:
  message:
    type: voicemail
    mailbox: support
    max_duration: 2m
    on: {recorded: end, empty: end}
"""
