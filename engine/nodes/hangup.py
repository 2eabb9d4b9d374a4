"""`hangup`: end the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.lines.cause import Cause
from engine.nodes.base import Node

if TYPE_CHECKING:
    from engine.call.call import Call

CauseName = Literal["normal", "busy", "congestion", "rejected", "not_found"]


class Hangup(Node):
    """Ends the call. Before the call was answered, the cause is what the caller's exchange is told."""

    outcomes: ClassVar[tuple[str, ...]] = ()

    type: Literal["hangup"]
    cause: CauseName = Field(default="normal", description="Reason given to the caller's exchange.")

    async def run(self, call: Call) -> str:
        call.end("ended", Cause(self.cause))
