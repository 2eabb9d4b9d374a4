"""What every node type shares: how it is described, wired and run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from engine.nodes.fields import NodeName

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.scenario.model import Scenario

END = "end"
"""The built-in last node: hangs up."""

Path = tuple[str | int, ...]
"""Where a value stands in the node's part of the document, such as `("on", "timeout")`."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way out of a node: when it ends with `outcome`, the call goes to the node `target`.

    `when` is the CEL guard of a branch case; edges of one outcome are tried in order. `label` names the edge
    in a path when the outcome alone does not (the cases of a branch).
    """

    outcome: str
    target: str
    path: Path
    when: str | None = None
    label: str | None = None


class Node(BaseModel, ABC):
    """Base of every node type. Subclasses declare `type` as a Literal, their parameters and `run`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcomes: ClassVar[tuple[str, ...]] = ("next",)
    """Every outcome that the type can have, besides `error`. Empty for a node that ends the call."""

    lenient: ClassVar[frozenset[str]] = frozenset()
    """Outcomes that may stay unwired; the call then ends there."""

    answers: ClassVar[bool] = False
    """Speaks or listens, so the call must be answered first."""

    takes_input: ClassVar[bool] = False
    """Waits for keys or speech of the caller."""

    pauses: ClassVar[bool] = False
    """Takes time that the scenario sets (`wait`), or waits for a person: a circle through it does not spin."""

    immediate: ClassVar[frozenset[str]] = frozenset()
    """Outcomes that may come at once all the same."""

    outside: ClassVar[bool] = False
    """May fail through no fault of the scenario: a database, a web service, the mail is away."""

    open_outcomes: ClassVar[bool] = False
    """The outcomes are named elsewhere, so any name may stand under `on`."""

    type: str
    next: NodeName | None = Field(default=None, description="Node that follows, for a single outcome.")
    on: dict[str, NodeName] | None = Field(
        default=None, description="Node that follows each outcome; `error` may always be wired."
    )

    def possible(self) -> tuple[str, ...]:
        """The outcomes that can happen with these parameters; each must be wired unless `lenient`."""
        return self.outcomes

    def edges(self) -> Iterator[Edge]:
        """Every way out, in document order."""
        if self.next is not None:
            yield Edge("next", self.next, ("next",))
        for outcome, target in (self.on or {}).items():
            yield Edge(outcome, target, ("on", outcome))

    def prepare(self, scenario: Scenario) -> None:
        """Load, when the scenario is compiled, what a call should not have to wait for. Blocking is allowed."""

    @abstractmethod
    async def run(self, call: Call) -> str:
        """Do the node's work and return the outcome. May be cancelled at any await."""
