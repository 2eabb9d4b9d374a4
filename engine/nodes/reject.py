"""`reject`: refuse the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.lines.cause import Cause
from engine.nodes.base import Node
from engine.nodes.hangup import CauseName

if TYPE_CHECKING:
    from engine.call.call import Call


class Reject(Node):
    """Refuses the call: the caller's exchange is told the cause, and the caller pays nothing. A call that has been
    answered can only be hung up. The result is `rejected` either way; the record says whether it was answered."""

    outcomes: ClassVar[tuple[str, ...]] = ()

    type: Literal["reject"]
    cause: CauseName = Field(default="rejected", description="Reason given to the caller's exchange.")

    async def run(self, call: Call) -> str:
        call.end("rejected", Cause(self.cause))
