"""E1010: what a sub-scenario is given, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from engine.nodes.scenario import ScenarioCall
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._sub import calls_of
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import closest, did_you_mean


class MissingInput(Rule):
    """Compares `inputs` with the variables that the sub-scenario declares."""

    id: ClassVar[str] = "E1010"
    summary: ClassVar[str] = "Input of a sub-scenario missing or unknown"
    why: ClassVar[str] = (
        "A variable that a sub-scenario declares without a `default` is an input that it needs: whoever calls it "
        "gives it a value under `inputs`. And only what it declares can be given to it. (Below, `greet.yaml` "
        "declares `first_name` without a default.)"
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greeting
nodes:
  greeting: {type: scenario, name: greet, on: {done: end}}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: greeting
nodes:
  greeting: {type: scenario, name: greet, inputs: {first_name: call.caller}, on: {done: end}}
"""
    files: ClassVar[dict[str, bytes]] = {
        "greet.yaml": b"""\
format: 1
name: greet
did: ["200"]
voice: en
variables:
  first_name: {type: string}
start: hello
nodes:
  hello: {type: play, prompt: [{say: "Hello ${first_name}."}], next: done}
  done: {type: return, outcome: done}
"""
    }

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """Inputs that are not given, and inputs that do not exist; one that is misspelt counts once."""
        for name, node in calls_of(draft):
            theirs = draft.project.scenario(node.name)
            if theirs is None or theirs.is_spoiled(("variables",)) or draft.is_spoiled(("nodes", name, "inputs")):
                continue
            yield from self._compare(draft, name, node, theirs)

    def _compare(self, draft: Draft, name: str, node: ScenarioCall, theirs: Draft) -> Iterator[Diagnostic]:
        declared = theirs.scenario.variables
        base = ("nodes", name, "inputs")
        missing = [key for key, variable in declared.items() if variable.default is None and key not in node.inputs]
        for given in node.inputs:
            if given not in declared:
                meant = closest(given, missing)
                if meant is not None:
                    missing.remove(meant)
                hint = did_you_mean(given, [meant] if meant else declared) or _declares(declared)
                message = f"the scenario `{node.name}` has no variable `{given}`"
                yield self.found(draft, draft.document.key_span((*base, given)), message, hint)
        span = draft.document.key_span(base if base in draft.document.keys else base[:2])
        for needed in missing:
            message = f"the scenario `{node.name}` needs `{needed}`, which `{name}` does not give it"
            yield self.found(draft, span, message, f"add `{needed}: …` under `inputs`")


def _declares(variables: Iterable[str]) -> str:
    names = ", ".join(f"`{name}`" for name in variables)
    return f"it declares {names}" if names else "it declares no variables"
