"""E1018: a branch without default."""

from __future__ import annotations

from typing import ClassVar

from engine.scenario.rules.base import Rule


class BranchWithoutDefault(Rule):
    """Found by the schema step."""

    id: ClassVar[str] = "E1018"
    summary: ClassVar[str] = "Branch without default"
    why: ClassVar[str] = "When no case is true the call must still go somewhere: `default` says where."
    missing_key: ClassVar[tuple[str, str] | None] = ("branch", "default")
    missing_message: ClassVar[str] = "the branch has no `default`"
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who:
    type: branch
    cases:
      - {when: call.cli == "", next: anonymous}
  anonymous: {type: hangup}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who:
    type: branch
    cases:
      - {when: call.cli == "", next: anonymous}
    default: end
  anonymous: {type: hangup}
"""
