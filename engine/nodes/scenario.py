"""`scenario`: run another scenario as a part of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.call.sub import Input, run_scenario
from engine.errors import CallError
from engine.nodes.base import Node
from engine.nodes.fields import AssignMark, Cel, VariableName

if TYPE_CHECKING:
    from engine.call.call import Call

TheirName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="A variable of the sub-scenario.")]


class ScenarioCall(Node):
    """Runs another scenario of the server, by its name, and goes on with the outcome that it returns.

    The sub-scenario has variables of its own: `inputs` gives them values, `outputs` brings some back. When it comes
    to its end without a `return`, the call is over. Its nodes appear in paths as `outer/inner`.
    """

    outcomes: ClassVar[tuple[str, ...]] = ()
    open_outcomes: ClassVar[bool] = True

    type: Literal["scenario"]
    name: str = Field(min_length=1, description="Name of the scenario to run.")
    inputs: dict[TheirName, Cel] = Field(
        default_factory=dict, description="Variable of the sub-scenario → CEL expression that gives its value."
    )
    outputs: dict[Annotated[VariableName, AssignMark("any")], TheirName] = Field(
        default_factory=dict, description="Variable of this scenario → variable of the sub-scenario."
    )

    async def run(self, call: Call) -> str:
        inputs = {
            name: Input(call.evaluate(expression), masked=call.mentions_masked(expression))
            for name, expression in self.inputs.items()
        }
        outcome, theirs = await run_scenario(call, self.name, inputs)
        for ours, name in self.outputs.items():
            # What has no value with this outcome (the row that was not found) stays without: E6002 knows.
            if name in theirs.variables:
                call.assign(ours, theirs.variables[name], masked=theirs.is_masked(name))
        if outcome not in (self.on or {}):
            raise CallError(f"scenario {self.name!r} returned {outcome!r}, which leads nowhere")
        return outcome
