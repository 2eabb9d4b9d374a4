"""E1006: a circle in which a call turns without ever waiting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._graph import circle, entered, immediate_graph, in_words, tangles
from engine.scenario.rules.base import Rule


class SpinningCycle(Rule):
    """Circles of ways that can be taken at once. A circle that no call enters is W1003's."""

    id: ClassVar[str] = "E1006"
    summary: ClassVar[str] = "Cycle with no caller input and no bounded wait"
    why: ClassVar[str] = (
        "Nothing on this circle waits: not for the caller, not for an agent, not for time to pass. A call in it says "
        "the same thing over and over until the caller hangs up, or spins as fast as the machine can. Waiting is "
        "`wait`, `agent_search`, a conversation, and whatever takes keys or speech; a prompt is not, since one that "
        "cannot be played takes no time at all. A `loop` ends a circle by counting; the conditions of a `branch` do "
        "not, because nobody can prove that one of them comes true."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: All lines are busy.}], next: greet}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: greet
nodes:
  greet: {type: play, prompt: [{say: All lines are busy.}], next: pause}
  pause: {type: wait, duration: 10s, next: greet}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each tangle of such circles, at the node that comes first in the document."""
        graph = immediate_graph(draft)
        reachable = entered(draft)
        for tangle in tangles(graph):
            if tangle[0] not in reachable:
                continue
            span = draft.document.key_span(("nodes", tangle[0]))
            message = f"nothing waits on the circle {in_words(circle(graph, tangle[0]))}"
            yield self.found(draft, span, message, "put a `wait` or a `loop` in it, or ask the caller")
