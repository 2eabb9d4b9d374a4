"""E5002: a search in a centre without agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.agent_search import AgentSearch
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule


class EmptyCentre(Rule):
    """Looks at the centres in which the scenario searches, where a directory is given."""

    id: ClassVar[str] = "E5002"
    summary: ClassVar[str] = "Centre without agents"
    why: ClassVar[str] = (
        "Nobody can ever take the call: every search takes the `nobody` branch. Give the centre agents in "
        "`directory.yaml`, of whom one at least is active."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  # The directory has nobody in the centre called sales.
  find_agent:
    type: agent_search
    centre: sales
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  # The directory has nobody in the centre called sales.
  find_agent:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "directory.yaml": b'agents: [{code: "201"}]\ncentres: [{name: support, agents: ["201"]}, {name: sales}]\n',
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each search."""
        directory = draft.project.directory
        if directory is None:
            return
        active = {agent.code for agent in directory.agents if agent.active}
        centres = {centre.name: centre for centre in directory.centres}
        for name, node in draft.nodes.items():
            centre = centres.get(node.centre) if isinstance(node, AgentSearch) else None
            if centre is not None and not active & set(centre.agents):
                what = "no active agents" if centre.agents else "no agents"
                span = draft.document.span(("nodes", name, "centre"))
                yield self.found(draft, span, f"the centre `{centre.name}` has {what} in the directory")
