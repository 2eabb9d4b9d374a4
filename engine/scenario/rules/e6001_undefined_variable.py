"""E6001: a name that nothing defines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._centres import FIGURES, figures
from engine.scenario.rules._expressions import broken_expressions, sub_scenarios
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class UndefinedVariable(Rule):
    """Compiles every expression and every text with `${…}` parts."""

    id: ClassVar[str] = "E6001"
    summary: ClassVar[str] = "Undefined variable"
    why: ClassVar[str] = (
        "An expression may use the call's own names (`call.cli`, `now`, …), the variables declared under "
        "`variables`, and what nodes such as `collect` and `set` assign."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
variables: {region: {default: "75"}}
start: greet
nodes:
  greet: {type: play, prompt: [{say: "Region ${regoin}"}], next: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
voice: en
variables: {region: {default: "75"}}
start: greet
nodes:
  greet: {type: play, prompt: [{say: "Region ${region}"}], next: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Every unknown name, each time that it is used."""
        yield from self._not_returned(draft)
        for span, figure in figures(draft):
            if figure not in FIGURES:
                message = f"nothing is known of a centre by the name `{figure}`"
                hint = did_you_mean(figure, FIGURES) or f"what is known: {', '.join(FIGURES)}"
                yield self.found(draft, span, message, hint)
        if draft.names_in_doubt:
            return
        for place, error in broken_expressions(draft):
            if error.undefined is not None:
                one_line = place.line == place.end_line
                span = replace(place, end_column=place.column + len(error.undefined)) if one_line else place
                hint = did_you_mean(error.undefined, draft.environment.known())
                yield self.found(draft, span, f"`{error.undefined}` is not defined", hint)

    def _not_returned(self, draft: Draft) -> Iterator[Diagnostic]:
        """What `outputs` takes from a sub-scenario that has no such variable."""
        for name, node, sub in sub_scenarios(draft):
            known = sub.environment.variables
            for ours, theirs in node.outputs.items():
                if theirs not in known and not sub.names_in_doubt:
                    span = draft.document.span(("nodes", name, "outputs", ours))
                    message = f"the scenario `{node.name}` has no variable `{theirs}`"
                    yield self.found(draft, span, message, did_you_mean(theirs, known))
