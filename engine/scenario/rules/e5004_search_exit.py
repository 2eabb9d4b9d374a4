"""E5004: an agent search without an exit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.rules.e1005_unwired import unwired


class SearchExit(Rule):
    """Speaks instead of E1005 for `timeout` and `nobody`."""

    id: ClassVar[str] = "E5004"
    summary: ClassVar[str] = "Agent search without an exit for time-out or nobody"
    why: ClassVar[str] = (
        "Sooner or later nobody is logged in, or nobody takes the call in time. The scenario must say what the "
        "caller is offered then."
    )
    bad: ClassVar[str] = """\
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
    on: {transferred: end, timeout: end}
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
    on: {transferred: end, timeout: end, nobody: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each search."""
        for name, node in draft.nodes.items():
            if node.type != "agent_search" or name in draft.doubtful:
                continue
            missing = [outcome for outcome in unwired(draft, node) if outcome in ("timeout", "nobody")]
            if missing:
                base = ("nodes", name, "on")
                span = draft.document.key_span(base if base in draft.document.keys else base[:2])
                outcomes = " and ".join(f"`{outcome}`" for outcome in missing)
                hint = f"wire {', '.join(missing)} under `on`"
                yield self.found(draft, span, f"the search `{name}` has no exit for {outcomes}", hint)
