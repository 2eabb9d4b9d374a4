"""`agent_search`: find an agent of a centre who takes the call, and connect the two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field

from engine.call.call import CallOver
from engine.call.handover import Way, transferred, way_of
from engine.call.talk import talk
from engine.centres.hold import Hold
from engine.centres.search import Search
from engine.errors import NoChannel, NotAllowed, OriginateError, Unsupported
from engine.lines import Cause
from engine.nodes.base import Node
from engine.nodes.fields import Duration, Key, Prompt
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.centres.desk import Desk
    from engine.lines import Leg


class Announce(BaseModel):
    """What is said to the caller while they wait."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    position: bool = Field(default=False, description="Say the caller's place in the queue.")
    expected_wait: bool = Field(default=False, description="Say how long it will take, from the last calls.")
    every: Duration = Field(default=30.0, gt=0, description="Time between announcements.")


class AgentSearch(Node):
    """Offers the call to a centre's agents, all at once or one after another; the first to accept is connected.

    Agents who are logged in accept at their computer; those who have nothing but a telephone accept by answering it.
    `nobody`: no agent of the centre is logged in. `timeout`: nobody took the call in time.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("transferred", "nobody", "timeout", "full", "key")
    answers: ClassVar[bool] = True
    pauses: ClassVar[bool] = True

    type: Literal["agent_search"]
    centre: str = Field(min_length=1, description="Name of the centre.")
    method: Literal["broadcast", "sequential"] = Field(
        description="broadcast: all free agents at once. sequential: one after another."
    )
    timeout: Duration = Field(description="How long to search, all in all.")
    connect: Literal["auto", "transfer", "bridge"] = Field(
        default="auto",
        description="bridge, or auto: our lines stay busy while they talk. transfer: the caller is handed over to "
        "the agent's phone in the way of `telephony.transfer`, and the call ends here; bridged where that cannot be. "
        "A phone that was answered rings again where the line or the exchange calls it.",
    )
    sip_only: bool = Field(default=False, description="Call only agents whose phone is a SIP address.")
    music: Prompt | None = Field(
        default=None, description="Heard while waiting, over and over; by default the ringing tone."
    )
    announce: Announce | None = Field(default=None, description="Announcements while waiting.")
    exit_keys: list[Key] = Field(default_factory=list, description="Keys that leave the search: `key`.")
    priority: int = Field(
        default=0, ge=0, le=9, description="Calls of a higher one are served before those that have waited longer."
    )
    max_waiting: int | None = Field(
        default=None, ge=0, description="With this many calls waiting for the centre already: `full`."
    )
    whisper: Prompt | None = Field(default=None, description="Heard by the agent before they are connected.")
    record: bool = Field(default=False, description="Record the conversation, which is bridged then.")

    def possible(self) -> tuple[str, ...]:
        return (
            "transferred",
            "nobody",
            "timeout",
            *(("full",) if self.max_waiting is not None else ()),
            *(("key",) if self.exit_keys else ()),
        )

    async def run(self, call: Call) -> str:
        await call.who.known()
        way: Way = "bridge"
        if self.connect == "transfer" and not self.record:
            way = way_of(call, "blind", "auto")
        async with Search(call, self, by_line=way in ("blind", "exchange")) as search:
            while True:
                outcome = await search.run()
                if outcome != "transferred":
                    return outcome
                try:
                    await self._connect(call, search, way)
                except (OriginateError, NotAllowed, NoChannel) as error:
                    await search.failed(error)
                else:
                    return "transferred"

    async def _connect(self, call: Call, search: Search, way: Way) -> None:
        """Bring agent and caller together; bridge them where the line turns out not to connect them. Raises
        OriginateError, NotAllowed or NoChannel when the agent could not be connected."""
        desk, leg = search.taken()
        if way != "bridge":
            try:
                await self._transfer(call, search, desk, transferred(call, desk.phone, leg, way))
            except Unsupported as error:
                call.note(f"{error}: bridged instead")
        await self._talk(call, search, leg or await search.ring())

    async def _talk(self, call: Call, search: Search, leg: Leg) -> None:
        """Let the two talk. Raises OriginateError when the agent was gone before they could."""
        holds: list[Hold] = []

        def connected() -> None:
            desk = search.connected()
            call.record.agent = desk.code
            holds.append(Hold(lambda: self._release(call, search, desk)))
            holds[0].until_passed_on(leg)

        try:
            recorded = "conversations" if self.record else None
            if not await talk(call, leg, record_as=recorded, on_connected=connected):
                raise OriginateError(leg.info.did, Cause.FAILED, "hung up before being connected")
        finally:
            for hold in holds:
                await hold.end()

    async def _transfer(self, call: Call, search: Search, desk: Desk, transfer: Awaitable[NoReturn]) -> NoReturn:
        """Let the line or the exchange connect the two, which ends the call. Raises OriginateError when the agent did
        not answer."""
        try:
            await transfer
        except CallOver:
            call.record.agent = desk.code
            search.connected()
            with contextlib.suppress(asyncio.CancelledError):  # by the end of the caller's leg, which is no news
                await uninterrupted(self._release(call, search, desk, talked=False))
            raise

    async def _release(self, call: Call, search: Search, desk: Desk, *, talked: bool = True) -> None:
        search.account.parted(talked=talked)
        centre = call.services.centres.find(self.centre)
        await call.services.centres.release(desk, rest=centre.wrap_up if centre else 0.0)
