"""`branch`: the first case that is true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.nodes.base import Edge, Node
from engine.nodes.fields import Condition, NodeName

if TYPE_CHECKING:
    from engine.call.call import Call


class Case(BaseModel):
    """A condition and where it leads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Condition = Field(description="CEL expression that is true or false.")
    next: NodeName = Field(description="Node that follows when it is true.")


class Branch(Node):
    """Goes to the node of the first case whose condition is true, else to `default`.

    The conditions are the guards of the state machine's transitions.
    """

    type: Literal["branch"]
    cases: list[Case] = Field(description="Conditions in the order in which they are tried.", min_length=1)
    default: NodeName = Field(description="Node that follows when no case is true.")

    def possible(self) -> tuple[str, ...]:
        return ()

    outcomes: ClassVar[tuple[str, ...]] = ()

    def edges(self) -> Iterator[Edge]:
        for index, case in enumerate(self.cases):
            yield Edge("next", case.next, ("cases", index, "next"), when=case.when, label=f"case {index + 1}")
        yield Edge("next", self.default, ("default",), label="default")
        yield from super().edges()

    async def run(self, call: Call) -> str:
        return "next"
