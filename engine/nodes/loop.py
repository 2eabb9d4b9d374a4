"""`loop`: so many times, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.nodes.base import Node

if TYPE_CHECKING:
    from engine.call.call import Call


class Loop(Node):
    """Answers `again` so many times, then `exhausted`, and starts afresh.

    It counts for each call, and in a sub-scenario each time that this is run.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("again", "exhausted")

    type: Literal["loop"]
    times: int = Field(ge=1, le=1000, description="How often it answers `again`.")

    async def run(self, call: Call) -> str:
        here = call.record.path[-1].node
        count = call.loops.pop(here, 0)
        if count >= self.times:
            return "exhausted"
        call.loops[here] = count + 1
        return "again"
