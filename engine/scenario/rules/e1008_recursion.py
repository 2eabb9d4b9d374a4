"""E1008: scenarios that call one another in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._graph import in_words
from engine.scenario.rules._sub import calls_of
from engine.scenario.rules.base import Rule


class Recursion(Rule):
    """Looks from each call of another scenario for a way back to this one."""

    id: ClassVar[str] = "E1008"
    summary: ClassVar[str] = "Sub-scenario recursion"
    why: ClassVar[str] = (
        "A scenario that calls itself, or one that calls it, never comes back: each round begins inside of the one "
        "before, and the call fails when there are too many inside each other. To begin again, lead back to a node "
        "of this scenario."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: again}
  again: {type: scenario, name: hello}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: again}
  again: {type: wait, duration: 1s, next: pause}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each call that leads back."""
        ours = draft.scenario.name
        if "name" in draft.unsound:
            return
        for name, node in calls_of(draft):
            chain = _chain(draft, node.name)
            if chain is not None:
                span = draft.document.span(("nodes", name, "name"))
                message = f"the scenario calls itself: {in_words([ours, *chain])}"
                yield self.found(draft, span, message, "lead back to a node instead")


def _chain(draft: Draft, first: str) -> list[str] | None:
    """The scenarios from one back to the draft's own, which is left out; None when they do not lead there."""
    ours = draft.scenario.name
    chains = {first: [first]}
    waiting = [first]
    while waiting:
        name = waiting.pop(0)
        if name == ours:
            return chains[name][:-1]
        theirs = draft.project.scenario(name)
        for _, call in calls_of(theirs) if theirs is not None else ():
            if call.name not in chains:
                chains[call.name] = [*chains[name], call.name]
                waiting.append(call.name)
    return None
