"""W6006: something outside may fail, and nothing says what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic, Severity
from engine.scenario.draft import Draft
from engine.scenario.rules._flow import is_called
from engine.scenario.rules.base import Rule


class NoErrorBranch(Rule):
    """Every one of these nodes has a time-out, written or not: what may be missing is where the call goes then, the
    node's `error` branch or the scenario's `on_error`. A sub-scenario that fails takes the branch of who called."""

    id: ClassVar[str] = "W6006"
    severity: ClassVar[Severity] = "warning"
    summary: ClassVar[str] = "Look-up, HTTP or e-mail without time-out or error branch"
    why: ClassVar[str] = (
        "Databases, web services and mail servers fail some day. Without an `error` branch, and without `on_error` "
        "for the whole scenario, the caller then hears an apology and is hung up on."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: tell
nodes:
  tell: {type: email, to: desk@example.com, subject: A call, text: "From ${call.cli}", next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: tell
nodes:
  tell:
    type: email
    to: desk@example.com
    subject: A call
    text: From ${call.cli}
    on: {next: end, error: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        if draft.scenario.on_error is not None or "on_error" in draft.unsound:
            return
        for name, node in draft.nodes.items():
            wired = {edge.outcome for edge in node.edges()}
            # Where `error` is an outcome like any other, E1005 asks for it; E1004, where nothing is wired at all.
            if not node.outside or not wired or name in draft.doubtful or "error" in {*wired, *node.possible()}:
                continue
            if not is_called(draft):
                message = f"nothing says what follows when `{name}` fails"
                hint = "write `on: {next: …, error: …}`, or `on_error` for the whole scenario"
                yield self.found(draft, draft.document.key_span(("nodes", name)), message, hint)
