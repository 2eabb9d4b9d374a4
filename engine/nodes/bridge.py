"""`bridge`: call a number and connect the caller to it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.call.talk import dialled, play_to, talk
from engine.errors import LegGone, NoChannel, NotAllowed, OriginateError, Unsupported
from engine.lines.cause import Cause
from engine.nodes.base import Node
from engine.nodes.fields import Duration, Key, Prompt, Text, Tone

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.lines import Leg

_OUTCOMES = {Cause.BUSY: "busy", Cause.NO_ANSWER: "no_answer", Cause.REJECTED: "rejected"}


class Confirm(BaseModel):
    """The called party must press a key before they are connected: keeps voicemail and children off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key = Field(description="Key that accepts the call.")
    prompt: Prompt = Field(description="What the called party hears.")
    timeout: Duration = Field(default=10.0, description="Wait for the key, after the prompt.")


class Bridge(Node):
    """Calls a number and connects the two while they talk; both lines stay busy.

    Goes on with `ended` when the called party hangs up first, with `failed` where the settings do not allow the
    number.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("ended", "busy", "no_answer", "rejected", "failed")
    answers: ClassVar[bool] = True
    pauses: ClassVar[bool] = True
    immediate: ClassVar[frozenset[str]] = frozenset({"busy", "rejected", "failed"})

    type: Literal["bridge"]
    to: Text = Field(
        description="Telephone number, extension or SIP URI to call, or the code of an agent, which is their "
        "extension."
    )
    timeout: Duration = Field(default=30.0, description="How long it rings.")
    caller_id: Text | None = Field(default=None, description="Number presented; by default the caller's.")
    ringback: Prompt | None = Field(
        default=None,
        description="Heard by the caller while it rings; by default what the called line says before it answers "
        "(early media), the ringing tone before that.",
    )
    confirm: Confirm | None = Field(default=None, description="Key that the called party must press.")
    record: bool = Field(default=False, description="Record the conversation.")
    time_limit: Duration | None = Field(default=None, description="Longest conversation.")

    async def run(self, call: Call) -> str:
        to = call.render(self.to)
        caller_id = None if self.caller_id is None else call.render(self.caller_id)
        ringback = await call.clips(self.ringback or [Tone(tone="ringback")])
        async with AsyncExitStack() as stack:
            try:
                async with call.background(ringback):
                    early = self.ringback is None
                    other = await stack.enter_async_context(
                        dialled(call, to, timeout=self.timeout, caller_id=caller_id, early=early)
                    )
                if self.confirm is not None:
                    async with call.background(ringback):
                        confirmed = await self._confirmed(call, other, self.confirm)
                    if not confirmed:
                        return "rejected"
            except OriginateError as error:
                call.note(str(error))
                return _OUTCOMES.get(error.cause, "failed")
            except (NoChannel, NotAllowed, Unsupported) as error:
                call.warn(str(error))
                return "failed"
            await talk(call, other, record_as="conversations" if self.record else None, time_limit=self.time_limit)
        return "ended"

    @staticmethod
    async def _confirmed(call: Call, other: Leg, confirm: Confirm) -> bool:
        """True when the called party presses the key."""
        key = asyncio.ensure_future(other.digits.get())
        try:
            await play_to(call, other, confirm.prompt)
            waited: set[asyncio.Future[Any]] = {key, other.ended}
            await asyncio.wait(waited, timeout=confirm.timeout, return_when=asyncio.FIRST_COMPLETED)
            return key.done() and key.result() == confirm.key
        except LegGone:
            if not call.leg.alive:
                raise
            return False
        finally:
            key.cancel()
