"""`switchboard`: hand the caller over to the switchboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.call.handover import hand_over
from engine.nodes.base import Node
from engine.nodes.transfer import TransferOptions

if TYPE_CHECKING:
    from engine.call.call import Call


class Switchboard(TransferOptions, Node):
    """Hands the caller over to the switchboard of the setting `telephony.switchboard`; without one: `failed`.

    Otherwise as `transfer`.
    """

    type: Literal["switchboard"]

    async def run(self, call: Call) -> str:
        to = call.services.switchboard
        if to is None:
            call.warn("no switchboard is named in the setting telephony.switchboard")
            return "failed"
        return await hand_over(call, to, mode=self.mode, method=self.method, timeout=self.timeout)
