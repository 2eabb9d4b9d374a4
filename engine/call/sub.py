"""One scenario running as a part of another, on the same call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import CallError

if TYPE_CHECKING:
    from engine.call.call import Call

MAX_DEPTH = 16
"""Scenarios inside each other: deeper, they call one another in circles."""


class Returned(BaseException):
    """Raised through a `return` node to leave its scenario; not an error, and not to be caught by `except
    Exception`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Input:
    """The value that a sub-scenario's variable begins with."""

    value: Any
    masked: bool


async def run_scenario(call: Call, name: str, inputs: Mapping[str, Input]) -> tuple[str, Call]:
    """Run a scenario on the call, inside of the node that the call is at; give back the outcome that it returned, and
    its side of the call with its variables.

    Raises CallError when there is no such scenario or when it fails; ends the call when it comes to its end.
    """
    from engine.call.walk import Walk

    compiled = call.catalogue.get(name)
    if compiled is None:
        raise CallError(f"no scenario is called {name!r}")
    prefix = f"{call.record.path[-1].node}/"
    if prefix.count("/") > MAX_DEPTH:
        raise CallError(f"scenario {name!r}: more than {MAX_DEPTH} scenarios inside each other")
    theirs = replace(call, scenario=compiled, variables=compiled.initial_variables(), masked=set(), loops={})
    for variable, given in inputs.items():
        theirs.assign(variable, given.value, masked=given.masked)
    try:
        await Walk(theirs, prefix).run()
    except Returned as returned:
        outcome = returned.outcome
    else:
        call.end("ended")
    finally:
        # The caller goes on in the language that they chose, also when the scenario failed.
        call.language = theirs.language
    return outcome, theirs
