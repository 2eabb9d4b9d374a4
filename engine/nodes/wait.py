"""`wait`: let time pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.nodes.base import Node
from engine.nodes.fields import Duration

if TYPE_CHECKING:
    from engine.call.call import Call


class Wait(Node):
    """Waits in silence, then goes on. Keys pressed meanwhile are kept for the next input."""

    pauses: ClassVar[bool] = True

    type: Literal["wait"]
    duration: Duration = Field(description="How long to wait, such as 2s.")

    async def run(self, call: Call) -> str:
        await asyncio.sleep(self.duration)
        return "next"
