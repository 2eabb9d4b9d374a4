"""I8006: a node that no test walks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from engine.errors import ConfigurationError
from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.load import read_mapping
from engine.scenario.rules.base import Rule


class Untested(Rule):
    """Reads the paths that the tests beside the scenario expect; `flowctl test` measures what they really walk.

    Nothing stands beside a text that is in no file yet."""

    id: ClassVar[str] = "I8006"
    severity: ClassVar[Severity] = "information"
    summary: ClassVar[str] = "Node not covered by tests"
    why: ClassVar[str] = "A node that no test has walked is walked by a caller first."
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: "For sales, press 1. For repairs, press 2."}]
    options: {"1": sales, "2": repairs}
    on: {no_input: end, no_match: end}
  sales: {type: play, prompt: [{say: Sales.}], next: end}
  repairs: {type: play, prompt: [{say: Repairs.}], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: choose
nodes:
  choose:
    type: menu
    prompt: [{say: "To hear our opening hours, press 1."}]
    options: {"1": sales}
    on: {no_input: end, no_match: end}
  sales: {type: play, prompt: [{say: From nine to five.}], next: end}
"""
    files: ClassVar[dict[str, bytes]] = {
        "scenario.test.yaml": b"scenario: scenario.yaml\ntests: [{name: x, expect: {path: [choose, sales]}}]\n"
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node that can be reached; one for the whole file when it has no tests."""
        if not draft.file.is_file() or draft.unsound & {"nodes", "start"}:
            return
        tested = _tested(draft)
        if tested is None:
            span = draft.document.span(("name",))
            hint = f"write {draft.file.stem}.test.yaml beside it"
            yield self.found(draft, span, "the scenario has no tests", hint)
            return
        for name in sorted(draft.reachable() & draft.nodes.keys() - tested, key=draft.names.index):
            span = draft.document.key_span(("nodes", name))
            yield self.found(draft, span, f"no test expects the node `{name}` in a path")


def _tested(draft: Draft) -> set[str] | None:
    """The nodes that tests expect; None when there are no tests."""
    found: set[str] = set()
    paths = _paths(draft)
    for path in paths:
        found |= {name.split("/", 1)[0] for name in path}
    callers = [] if draft.scenario.did else _callers(draft)
    for caller, names in callers:
        for path in _paths(caller):
            steps = [name.split("/", 1) for name in path]
            inner = {step[1].split("/", 1)[0] for step in steps if step[0] in names and len(step) == 2}
            found |= inner
            paths += [path] if inner else []
    return found if paths else None


def _callers(draft: Draft) -> list[tuple[Draft, set[str]]]:
    """Scenarios that call this one, with the nodes that do."""
    found = []
    for other in draft.project.drafts:
        nodes = other.nodes.items()
        names = {name for name, node in nodes if isinstance(node, ScenarioCall) and node.name == draft.scenario.name}
        if names:
            found.append((other, names))
    return found


def _paths(draft: Draft) -> list[list[str]]:
    """The paths that the tests beside a scenario expect; an empty one for a test that expects none."""
    found = []
    try:
        files = sorted(draft.file.parent.glob("*.test.yaml"))
        for file in files:
            data = read_mapping(file)
            if (file.parent / str(data.get("scenario"))).resolve() == draft.file.resolve():
                found += [_path(test) for test in _list(data.get("tests"))]
    except (ConfigurationError, OSError, ValueError):
        # A test file that cannot be read is what `flowctl test` complains about.
        pass
    return found


def _path(test: Any) -> list[str]:
    expected = test.get("expect") if isinstance(test, dict) else None
    return [str(name) for name in _list(expected.get("path") if isinstance(expected, dict) else None)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
