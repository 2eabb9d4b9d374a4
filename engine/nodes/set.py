"""`set`: give variables values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from engine.nodes.base import Node
from engine.nodes.fields import AssignMark, Cel, VariableName

if TYPE_CHECKING:
    from engine.call.call import Call


class Set(Node):
    """Evaluates expressions in order, each seeing the values before it, and assigns them."""

    type: Literal["set"]
    values: dict[Annotated[VariableName, AssignMark("value")], Cel] = Field(
        description="Variable → CEL expression.", min_length=1
    )

    async def run(self, call: Call) -> str:
        for name, expression in self.values.items():
            # What is made of a masked value is masked too.
            call.assign(name, call.evaluate(expression), masked=call.mentions_masked(expression))
        return "next"
