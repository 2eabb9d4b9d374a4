"""E7002: what a caller typed becomes part of an SQL text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules.base import Rule

_JOINED = re.compile(r"""["'][^"']*["']?\s*\+\s*[A-Za-z_]|[A-Za-z_)\]]\s*\+\s*["']""")


class SqlText(Rule):
    """Looks for `${…}`, and for texts joined with `+`, in the `query` of a `lookup`."""

    id: ClassVar[str] = "E7002"
    suppressible: ClassVar[bool | None] = True
    summary: ClassVar[str] = "Caller input concatenated into SQL"
    why: ClassVar[str] = (
        "A value that becomes part of the query's text can change what the query does. Write `:name` in the query "
        "and give the value under `parameters`: the database then takes it as a value, whatever it holds."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: find
nodes:
  find:
    type: lookup
    source: crm
    query: "SELECT name FROM customers WHERE phone = '${call.cli}'"
    into: customer
    timeout: 2s
    on: {found: greet, not_found: end, error: end}
  greet: {type: play, prompt: [{say: "Good morning ${customer.name}"}], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
start: find
nodes:
  find:
    type: lookup
    source: crm
    query: "SELECT name FROM customers WHERE phone = :phone"
    parameters: {phone: call.cli}
    into: customer
    timeout: 2s
    on: {found: greet, not_found: end, error: end}
  greet: {type: play, prompt: [{say: "Good morning ${customer.name}"}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each query."""
        for name, index in values_in_sql(draft):
            query = draft.document.data["nodes"][name]["query"]
            part = query.startswith("${", index)
            message = "a value becomes part of the SQL text" if part else "the SQL text is joined with a value"
            span = draft.document.inside(("nodes", name, "query"), *_place(query, index))
            yield self.found(draft, span, message, _HINT)


def values_in_sql(draft: Draft) -> Iterator[tuple[str, int]]:
    """The look-ups that write a value into their query, and where in it they do so first."""
    nodes: dict[str, Any] = draft.document.data["nodes"] if draft.nodes else {}
    for name in draft.nodes:
        query = nodes[name].get("query") if nodes[name].get("type") == "lookup" else None
        if not isinstance(query, str):
            continue
        if "${" in query:
            yield name, query.index("${")
        elif joined := _JOINED.search(query):
            yield name, joined.start()


_HINT = "write `:name` in the query, and `parameters: {name: expression}`"


def _place(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of a text."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
