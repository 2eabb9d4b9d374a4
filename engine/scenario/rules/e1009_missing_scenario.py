"""E1009: a sub-scenario that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as File
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._sub import calls_of
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class MissingScenario(Rule):
    """Looks for the name among the scenarios that one server serves together."""

    id: ClassVar[str] = "E1009"
    summary: ClassVar[str] = "Sub-scenario missing"
    why: ClassVar[str] = (
        "A `scenario` node calls another scenario by the `name` that stands in its file, not by the file's own. "
        "It is looked for in the scenarios' folder of the server, which is the nearest folder above with a "
        "`server.yaml`; without one, beside the file and among the files that are checked with it. (Below, "
        "`identify.yaml` has the name identify.)"
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who: {type: scenario, name: identifi, on: {known: end}}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: who
nodes:
  who: {type: scenario, name: identify, on: {known: end}}
"""
    files: ClassVar[dict[str, bytes]] = {
        "identify.yaml": b"""\
format: 1
name: identify
did: ["200"]
start: done
nodes:
  done: {type: return, outcome: known}
"""
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each call of an unknown scenario."""
        for name, node in calls_of(draft):
            if node.name == draft.scenario.name or draft.project.scenario(node.name) is not None:
                continue
            if not _is_in_a_broken_file(draft, node.name):
                span = draft.document.span(("nodes", name, "name"))
                hint = did_you_mean(node.name, draft.project.by_name)
                yield self.found(draft, span, f"there is no scenario `{node.name}`", hint)


def _is_in_a_broken_file(draft: Draft, name: str) -> bool:
    """True when a file that cannot be read as YAML looks as if it had this scenario: that is its own finding."""
    pattern = re.compile(rf"^name:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$", re.MULTILINE)
    project = draft.project
    broken = (path for path in project.files if project.draft(path) is None)
    return any(pattern.search(_text(path)) for path in broken)


def _text(path: File) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
