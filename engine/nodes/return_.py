"""`return`: leave a sub-scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from engine.call.sub import Returned
from engine.nodes.base import Node

if TYPE_CHECKING:
    from engine.call.call import Call


def _not_error(outcome: str) -> str:
    if outcome == "error":
        raise ValueError("`error` is the outcome of a failure: give the outcome another name")
    return outcome


class Return(Node):
    """Goes back to the scenario that called this one, with an outcome. In a scenario that nobody called, it ends
    the call."""

    outcomes: ClassVar[tuple[str, ...]] = ()

    type: Literal["return"]
    outcome: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$"), AfterValidator(_not_error)] = Field(
        description="Outcome of the `scenario` node that called: its name under `on`."
    )

    async def run(self, call: Call) -> str:
        raise Returned(self.outcome)
