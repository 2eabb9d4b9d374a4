"""E5001: a centre or an agent that the directory does not have, or a database that the settings do not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.agent_search import AgentSearch
from engine.nodes.lookup import Lookup
from engine.scenario.diagnostics import Diagnostic, Span
from engine.scenario.draft import Draft
from engine.scenario.rules import _centres
from engine.scenario.rules._dialling import dialled, is_number
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class UnknownCentre(Rule):
    """Looks at searches, at `centre.NAME` in expressions, and at what is dialled without being a number or a SIP
    URI, which must be an agent's code."""

    id: ClassVar[str] = "E5001"
    summary: ClassVar[str] = "Unknown centre, agent or database"
    why: ClassVar[str] = (
        "Where a `directory.yaml` is given, its centres and agents are all that there are: a search in another "
        "centre finds nobody, an expression about it fails, and a call to another agent goes nowhere. "
        "Likewise the `databases` of a `server.yaml`: a look-up in another one always fails."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: find_agent
nodes:
  # The directory has a centre called support.
  find_agent:
    type: agent_search
    centre: suport
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
  # The directory has a centre called support.
  find_agent:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: end, timeout: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "directory.yaml": b'agents: [{code: "201"}]\ncentres: [{name: support, agents: ["201"]}]\n',
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding each time that such a name is written."""
        yield from self._databases(draft)
        directory = draft.project.directory
        if directory is None:
            return
        centres = [centre.name for centre in directory.centres]
        for span, name in _named(draft):
            if name not in centres:
                message = f"the directory has no centre `{name}`"
                yield self.found(draft, span, message, did_you_mean(name, centres) or _all("centres", centres))
        agents = [agent.code for agent in directory.agents]
        for path, to in dialled(draft):
            if not is_number(to) and "@" not in to and ":" not in to and to not in agents:
                message = f"`{to}` is neither a number nor a SIP URI, and the directory has no agent of that code"
                hint = did_you_mean(to, agents) or _all("agents", agents)
                yield self.found(draft, draft.document.span(path), message, hint)

    def _databases(self, draft: Draft) -> Iterator[Diagnostic]:
        databases = draft.project.setting("databases")
        if not isinstance(databases, dict) or not databases:
            return
        for name, node in draft.nodes.items():
            if isinstance(node, Lookup) and node.source and node.source not in databases:
                span = draft.document.span(("nodes", name, "source"))
                hint = did_you_mean(node.source, databases) or _all("databases", sorted(databases))
                yield self.found(draft, span, f"the settings have no database `{node.source}`", hint)


def _all(what: str, names: list[str]) -> str:
    return f"its {what}: {', '.join(names[:20])}" if names else f"it has no {what}"


def _named(draft: Draft) -> Iterator[tuple[Span, str]]:
    """Every centre that is named, and where."""
    for name, node in draft.nodes.items():
        if isinstance(node, AgentSearch) and node.centre:
            yield draft.document.span(("nodes", name, "centre")), node.centre
    yield from _centres.centres(draft)
