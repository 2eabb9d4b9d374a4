"""E6003: a variable gets a value of another type than the declared one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from engine.call.expressions import ASSIGNED, DECLARED, describe
from engine.errors import ExpressionError
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._expressions import sub_scenarios
from engine.scenario.rules.base import Rule
from engine.scenario.walk import iter_assignments

_HINTS = {
    "string": "convert it with string(…)",
    "integer": "convert it with int(…)",
    "number": "convert it with double(…), or write 3.0 where it says 3",
    "boolean": "compare it with something, such as x > 0",
}
_KEYS = {
    "integer": "declare it as string, and write int({name}) where its number is meant",
    "number": "declare it as string, and write double({name}) where its number is meant",
    "boolean": 'declare it as string, and compare it: {name} == "1"',
}


class TypeMismatch(Rule):
    """Compares the type of what nodes assign with the declaration; a value of any type passes."""

    id: ClassVar[str] = "E6003"
    summary: ClassVar[str] = "Type mismatch"
    why: ClassVar[str] = (
        "The expressions that read a variable count on its declared type, and would fail in every call. Keys that a "
        "caller presses are text, also when they are digits: `0042` is not 42. `1` is an integer, `1.0` a number."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
variables: {age: {type: integer}}
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: How old are you?}]
    variable: age
    on: {collected: sort, no_input: end, invalid: end}
  sort: {type: branch, cases: [{when: age < 18, next: end}], default: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
variables: {age: {type: string}}
start: ask
nodes:
  ask:
    type: collect
    prompt: [{say: How old are you?}]
    variable: age
    on: {collected: sort, no_input: end, invalid: end}
  sort: {type: branch, cases: [{when: int(age) < 18, next: end}], default: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Every assignment to a declared variable whose type is known and another one."""
        yield from self._inputs(draft)
        yield from self._outputs(draft)
        for node_name, node in draft.nodes.items():
            for path, name, source, _ in iter_assignments(node):
                declared = draft.scenario.variables.get(name)
                given = _type_of(draft, source)
                if declared is None or _fits(given, declared.type):
                    continue
                hint = _hint(source, declared.type).format(name=name)
                message = f"`{name}` is declared as {declared.type}, but gets {describe(given)}"
                yield self.found(draft, draft.document.span(("nodes", node_name, *path)), message, hint)

    def _inputs(self, draft: Draft) -> Iterator[Diagnostic]:
        """Values for a sub-scenario's variables."""
        for name, node, sub in sub_scenarios(draft):
            for theirs, source in node.inputs.items():
                declared = sub.scenario.variables.get(theirs)
                given = _type_of(draft, source)
                if declared is not None and not _fits(given, declared.type):
                    span = draft.document.span(("nodes", name, "inputs", theirs))
                    message = (
                        f"`{theirs}` of `{node.name}` is declared as {declared.type}, but gets {describe(given)}"
                    )
                    yield self.found(draft, span, message, _HINTS[declared.type])

    def _outputs(self, draft: Draft) -> Iterator[Diagnostic]:
        """Values from a sub-scenario's variables."""
        for name, node, sub in sub_scenarios(draft):
            for ours, theirs in node.outputs.items():
                declared = draft.scenario.variables.get(ours)
                given = sub.environment.variables.get(theirs)
                if declared is not None and not _fits(given, declared.type):
                    span = draft.document.span(("nodes", name, "outputs", ours))
                    gives = f"`{theirs}` of `{node.name}` is {describe(given)}"
                    message = f"`{ours}` is declared as {declared.type}, but {gives}"
                    yield self.found(draft, span, message, f"declare both as {declared.type}")


def _hint(source: str, declared: str) -> str:
    if source.startswith(":"):
        return _KEYS[declared] if source == ":string" else "give it a variable of its own, without a declaration"
    return _HINTS[declared]


def _fits(given: Any, declared: str) -> bool:
    """True for a value that may be of the declared type; `given` is its CEL type, None when nobody knows it."""
    return given is None or given.name() in (DECLARED[declared].name(), "DYN")


def _type_of(draft: Draft, source: str) -> Any:
    """The CEL type of what is assigned; None when that has a mistake of its own."""
    if source.startswith(":"):
        return ASSIGNED[source[1:]]
    try:
        return draft.environment.compile(source).type
    except ExpressionError:
        return None
