"""Bringing an agent who has accepted and the call together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.call.talk import dial, play_to
from engine.centres.desk import Desk
from engine.centres.offer import Offer
from engine.errors import LegGone, OriginateError
from engine.lines import Cause, Leg
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.nodes.agent_search import AgentSearch


async def reach(
    call: Call, node: AgentSearch, offer: Offer, desk: Desk, leg: Leg | None, *, by_line: bool = False
) -> Leg | None:
    """Claim agent and call for each other, and call the agent, unless `leg` is them already; the agent's leg, once
    they have heard the whisper. by_line: None instead; the line is to connect the two, and calls the agent itself.

    The caller's to release and hang up afterwards. Raises OriginateError, CallError or NoChannel when the agent
    cannot be connected; nothing is left of the agent's leg then.
    """
    centres = call.services.centres
    try:
        if not await centres.claim(desk, call.record.id):
            raise OriginateError(desk.code, Cause.FAILED, "taken by another server")
        offer.hide(desk)
        centre = centres.find(node.centre)
        if centre is not None and centre.screen_pop is not None:
            offer.execute(desk, centre.screen_pop)
    except BaseException:
        if leg is not None:
            await uninterrupted(leg.hangup())
        raise
    if not by_line:
        return await ring(call, node, desk, leg)
    if leg is not None:
        await leg.hangup()
    return None


async def ring(call: Call, node: AgentSearch, desk: Desk, leg: Leg | None = None) -> Leg:
    """Call an agent who is claimed, unless `leg` is them already; otherwise as `reach`."""
    try:
        leg = leg or await dial(call, desk.phone, timeout=call.services.ring_time)
        if node.whisper:
            await play_to(call, leg, node.whisper)
        if not leg.alive:
            raise LegGone
    except LegGone:
        raise OriginateError(desk.code, Cause.FAILED, "hung up before being connected") from None
    except BaseException:
        if leg is not None:
            await uninterrupted(leg.hangup())
        raise
    return leg
