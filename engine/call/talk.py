"""Calling somebody for the caller, and connecting the two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from engine.centres.account import DirectOffer, unreached
from engine.centres.desk import Work
from engine.centres.hold import Hold
from engine.errors import CallError, LegGone, NoChannel, OriginateError
from engine.lines import Cause, Leg, RecordingHandle
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.centres.desk import Desk
    from engine.nodes.fields import Prompt


async def dial(call: Call, to: str, *, timeout: float, caller_id: str | None = None, early: bool = False) -> Leg:
    """Call `to`, a telephone number, an extension or a SIP URI, and wait for the answer, `timeout` seconds at most.

    early: the caller hears what the called line says before it answers, in place of what is played to them.
    Presents what `Lines.presented` says, unless `caller_id` says another number. Raises OriginateError (no_answer
    after the time-out), NotAllowed, NoChannel or Unsupported.
    """
    lines = call.services.lines
    presented = lines.presented(call.leg) if caller_id is None else caller_id
    try:
        async with asyncio.timeout(timeout):
            agent = calling_agent(call)
            return await lines.originate(to, caller_id=presented, near=call.leg, agent=agent, early=early)
    except TimeoutError:
        raise OriginateError(to, Cause.NO_ANSWER, f"rang {timeout:g} s") from None


@asynccontextmanager
async def dialled(
    call: Call, to: str, *, timeout: float, caller_id: str | None = None, early: bool = False
) -> AsyncIterator[Leg]:
    """As `dial`, for somebody who is named by the scenario: `to` may be the code of an agent, too. The leg is hung up
    in the end; until then, or until their phone has passed the call on, the agent is busy for all searches, and for
    whoever else calls them."""
    centres = call.services.centres
    desk = meant(call, to)
    hold: Hold | None = None
    offer: DirectOffer | None = None
    async with AsyncExitStack() as stack:
        if desk is not None and desk.phone:
            if not await centres.reserve(desk, "connecting", Work(call.record.id)):
                raise has_a_call(to)
            offer = DirectOffer(centres.chronicle, call.record.id, desk.code)
            hold = Hold(partial(_release, call, desk, offer))
            stack.push_async_callback(hold.end)
            to = desk.phone
        try:
            leg = await dial(call, to, timeout=timeout, caller_id=caller_id, early=early)
        except (CallError, NoChannel) as error:
            if offer is not None:
                offer.over(unreached(error))
            raise
        stack.push_async_callback(leg.hangup)
        if desk is not None and hold is not None and offer is not None:
            offer.connected()
            desk.talk()
            hold.until_passed_on(leg)
        yield leg


async def _release(call: Call, desk: Desk, offer: DirectOffer) -> None:
    offer.over()
    await call.services.centres.release(desk, rest=desk.rest)


def meant(call: Call, to: str) -> Desk | None:
    """The agent who is called for the code `to`, who is not the one who calls; None for any other number."""
    centres = call.services.centres
    return centres.reached_by(to, but=centres.desk(call.record.cli))


def has_a_call(to: str) -> OriginateError:
    """Why the agent `to` is not called: their phone might ring all the same, since most take a second call."""
    return OriginateError(to, Cause.BUSY, "the agent has another call")


def calling_agent(call: Call) -> str | None:
    """The code of the agent from whose extension the call comes; None for anybody else."""
    cli = call.record.cli
    return None if call.services.centres.phone_of(cli) is None else cli


async def play_to(call: Call, leg: Leg, prompt: Prompt) -> None:
    """Play a prompt to another leg than the caller's."""
    clips = await call.clips(prompt)
    if clips:
        await leg.play(clips)


async def talk(
    call: Call,
    other: Leg,
    *,
    record_as: str | None = None,
    time_limit: float | None = None,
    on_connected: Callable[[], None] = lambda: None,
) -> bool:
    """Connect the caller and `other` until `other` hangs up or the time is over; then `other` is hung up.

    on_connected: called when they are.
    record_as: box of recordings into which the conversation goes, caller left, other party right.
    The caller's hang-up cancels this, which frees the other leg too. False when `other` was gone before the two
    could be connected.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.hangup)
        if record_as is not None and (recording := await _start_recording(call, record_as)):
            stack.push_async_callback(_keep, call, recording)
        try:
            await call.leg.bridge(other)
        except LegGone:
            if call.leg.alive:
                return False
            raise
        call.record.connected = True
        on_connected()
        stack.push_async_callback(call.leg.unbridge)
        await asyncio.wait({other.ended}, timeout=time_limit)
    return True


async def _start_recording(call: Call, box: str) -> RecordingHandle | None:
    """Record both sides; a recording that cannot begin is noted and costs the conversation nothing."""
    try:
        path = await call.services.recordings.new(box, call.record.id)
        return await call.leg.record(path, both=True)
    except LegGone:
        raise
    except CallError as error:
        call.warn(f"the conversation is not recorded: {error}")
        return None


async def _keep(call: Call, handle: RecordingHandle) -> None:
    """Close a recording and note it; one that failed costs the conversation nothing."""
    try:
        recording = await uninterrupted(handle.stop())
    except CallError as error:
        call.warn(str(error))
    else:
        call.record.add_recording("conversation", recording.path, recording.duration)
