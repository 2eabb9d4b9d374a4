"""`transfer`: hand the caller over to a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, Field

from engine.call.handover import hand_over
from engine.nodes.base import Node
from engine.nodes.fields import Duration, Text

if TYPE_CHECKING:
    from engine.call.call import Call


class TransferOptions(BaseModel):
    """What `transfer` and `switchboard` have in common."""

    outcomes: ClassVar[tuple[str, ...]] = ("transferred", "busy", "no_answer", "failed")
    pauses: ClassVar[bool] = True
    immediate: ClassVar[frozenset[str]] = frozenset({"busy", "failed"})

    mode: Literal["blind", "attended"] = Field(
        default="blind",
        description="blind: the line may hand the caller over unseen. attended: the number is called first, and the "
        "two are connected when it answers.",
    )
    method: Literal["auto", "driver", "exchange", "bridge"] = Field(
        default="auto",
        description="driver: the line transfers, and ours is free. exchange: by its feature code. bridge: both lines "
        "stay busy while they talk. auto: as telephony.transfer.method says, else driver where the line can and the "
        "mode is blind, else bridge.",
    )
    timeout: Duration = Field(default=30.0, gt=0, description="How long the number rings, where we call it.")


class Transfer(TransferOptions, Node):
    """Hands the caller over. With a bridge, goes on with `transferred` when the called party hangs up first; when the
    line or the exchange connects the two, the call ends here."""

    type: Literal["transfer"]
    to: Text = Field(description="SIP URI or number, or the code of an agent, which is their extension.")

    async def run(self, call: Call) -> str:
        to = call.render(self.to)
        return await hand_over(call, to, mode=self.mode, method=self.method, timeout=self.timeout)
