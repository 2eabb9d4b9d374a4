"""W1007: a circle of questions without any limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._graph import circle, entered, in_words, is_counted, known_edges, tangles
from engine.scenario.rules.base import Rule


def _is_limited(draft: Draft, name: str) -> bool:
    """True for a node that says how often it asks, rightly or wrongly."""
    node = draft.nodes[name]
    written = "attempts" in node.model_fields_set or draft.is_spoiled(("nodes", name, "attempts"))
    return node.takes_input and written


class UnlimitedInputCycle(Rule):
    """Circles through a node that takes input."""

    id: ClassVar[str] = "W1007"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Input cycle with no limit of attempts or time"
    why: ClassVar[str] = (
        "A circle that asks the caller again and again, and that nothing limits, keeps a line busy for as long as a "
        "telephone lies beside its cradle. Say how often the caller is asked (`attempts` of a `menu` or a `collect` "
        "on the circle), count the rounds with a `loop`, or limit the call with the scenario's `max_duration`."
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
    prompt: [{say: To hear this again press 1.}]
    options: {"1": choose}
    on: {no_input: end, no_match: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
max_duration: 10m
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: To hear this again press 1.}]
    options: {"1": choose}
    on: {no_input: end, no_match: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each tangle of such circles, at its first node that takes input."""
        if draft.scenario.max_duration is not None or "max_duration" in draft.unsound:
            return
        graph: dict[str, list[str]] = {
            name: []
            if _is_limited(draft, name)
            else [edge.target for edge in known_edges(draft, name) if not is_counted(node, edge)]
            for name, node in draft.nodes.items()
        }
        reachable = entered(draft)
        for tangle in tangles(graph):
            asking = [name for name in tangle if draft.nodes[name].takes_input]
            if not asking or asking[0] not in reachable:
                continue
            span = draft.document.key_span(("nodes", asking[0]))
            way = in_words(circle(graph, asking[0]))
            hint = "write `attempts`, put a `loop` in it, or give the scenario a `max_duration`"
            yield self.found(draft, span, f"nothing limits the circle {way}", hint)
