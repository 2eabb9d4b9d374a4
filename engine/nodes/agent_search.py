"""`agent_search`: find an agent of a centre who takes the call, and connect the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.call.call import CallOver
from engine.call.handover import require_transfer, transfer_leg
from engine.call.talk import talk
from engine.centres.search import Search
from engine.errors import OriginateError
from engine.nodes.base import Node
from engine.nodes.fields import Duration, Key, Prompt

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.centres.directory import Agent
    from engine.lines import Leg


class Announce(BaseModel):
    """What is said to the caller while they wait."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    position: bool = Field(default=False, description="Say the caller's place in the queue.")
    expected_wait: bool = Field(default=False, description="Say how long it will take, from the last calls.")
    every: Duration = Field(default=30.0, gt=0, description="Time between announcements.")


class AgentSearch(Node):
    """Rings the phones of a centre's agents, all at once or one after another; the first to answer is connected.

    `nobody`: the centre has no agent who could be called. `timeout`: nobody took the call in time.
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
        description="bridge, or auto: our lines stay busy while they talk. transfer: the line hands the caller "
        "over to the agent's phone, which rings again, and the call ends here.",
    )
    sip_only: bool = Field(default=False, description="Call only agents whose phone is a SIP address.")
    music: Prompt | None = Field(
        default=None, description="Heard while waiting, over and over; by default the ringing tone."
    )
    announce: Announce | None = Field(default=None, description="Announcements while waiting.")
    exit_keys: list[Key] = Field(default_factory=list, description="Keys that leave the search: `key`.")
    max_waiting: int | None = Field(
        default=None, ge=0, description="With this many calls waiting for the centre already: `full`."
    )
    whisper: Prompt | None = Field(default=None, description="Heard by the agent before they are connected.")
    record: bool = Field(default=False, description="Record the conversation.")

    def possible(self) -> tuple[str, ...]:
        return (
            "transferred",
            "nobody",
            "timeout",
            *(("full",) if self.max_waiting is not None else ()),
            *(("key",) if self.exit_keys else ()),
        )

    async def run(self, call: Call) -> str:
        if self.connect == "transfer":
            require_transfer(call)
        search = Search(call, self)
        while True:
            outcome = await search.run()
            if outcome != "transferred":
                return outcome
            if await self._connect(call, *search.taken()):
                return "transferred"

    async def _connect(self, call: Call, agent: Agent, leg: Leg) -> bool:
        """Let the two talk; False when the agent was gone before they could."""
        try:
            return await (self._transfer if self.connect == "transfer" else self._talk)(call, agent, leg)
        finally:
            centre = call.services.centres.find(self.centre)
            call.services.centres.release(agent, after=centre.wrap_up if centre else 0.0)

    async def _talk(self, call: Call, agent: Agent, leg: Leg) -> bool:
        """Stay between the two while they talk."""
        call.record.agent = agent.code
        try:
            connected = await talk(call, leg, record_as="conversations" if self.record else None)
        except Exception:
            # Being cancelled is none of these: what cuts a conversation short does not undo it.
            if call.leg.alive:
                call.record.agent = None
            raise
        if not connected:
            call.record.agent = None
        return connected

    async def _transfer(self, call: Call, agent: Agent, leg: Leg) -> bool:
        """Let the line connect the two, which ends the call; False when the agent did not answer again."""
        await leg.hangup()
        try:
            await transfer_leg(call, agent.phone or "")
        except OriginateError as error:
            call.note(str(error))
            return False
        except CallOver:
            call.record.agent = agent.code
            raise
