"""W5005: a sequential search that ends before everybody was asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.agent_search import AgentSearch
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class SequentialDelays(Rule):
    """Multiplies the centre's active agents by its `answer_delay`, where a directory is given."""

    id: ClassVar[str] = "W5005"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Sequential delays exceed the total wait"
    why: ClassVar[str] = (
        "A sequential search rings each agent for the centre's `answer_delay`. When the `timeout` is over before, "
        "the last agents of the centre are never asked, however many calls there are."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  # The directory has two agents in support, each is rung for 15 s.
  find_agent:
    type: agent_search
    centre: support
    method: sequential
    timeout: 20s
    on: {transferred: end, nobody: end, timeout: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  # The directory has two agents in support, each is rung for 15 s.
  find_agent:
    type: agent_search
    centre: support
    method: sequential
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "directory.yaml": (
            b'agents: [{code: "201"}, {code: "202"}]\n'
            b'centres: [{name: support, agents: ["201", "202"], answer_delay: 15s}]\n'
        )
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each search."""
        directory = draft.project.directory
        if directory is None:
            return
        active = {agent.code for agent in directory.agents if agent.active}
        centres = {centre.name: centre for centre in directory.centres}
        for name, node in draft.nodes.items():
            if not isinstance(node, AgentSearch) or node.method != "sequential" or not node.timeout:
                continue
            centre = centres.get(node.centre)
            number = len(active & set(centre.agents)) if centre is not None else 0
            if centre is not None and number * centre.answer_delay > node.timeout:
                needed = number * centre.answer_delay
                message = (
                    f"{number} agents at {centre.answer_delay:g} s each take {needed:g} s, but the search ends after "
                    f"{node.timeout:g} s"
                )
                span = draft.document.span(("nodes", name, "timeout"))
                yield self.found(draft, span, message, f"write {needed:g}s, or shorten the centre's answer_delay")
