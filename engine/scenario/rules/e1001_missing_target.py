"""E1001: a reference to a node that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.nodes.base import END
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class MissingTarget(Rule):
    """Looks at every field that names a node."""

    id: ClassVar[str] = "E1001"
    summary: ClassVar[str] = "Target missing"
    why: ClassVar[str] = (
        "The call would have nowhere to go: no node of the file has this name. The built-in `end` can follow any "
        "node, and `on_error: end` ends a call whose node failed; but `start: end` is refused: there is no node to "
        "begin with."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: goodbye}
  good_bye: {type: hangup}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: pause
nodes:
  pause: {type: wait, duration: 5s, next: good_bye}
  good_bye: {type: hangup}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """References to names that are neither a node nor `end`, and a start at `end`."""
        if "nodes" in draft.unsound:
            return
        for path, target in draft.references():
            if (path, target) == (("start",), END):
                message = "there is no node to begin with: at `end` the call is over"
                yield self.found(draft, draft.document.span(path), message, "write the name of the first node")
            elif target != END and target not in draft.names:
                hint = did_you_mean(target, [*draft.names, END])
                yield self.found(draft, draft.document.span(path), f"there is no node `{target}`", hint)
