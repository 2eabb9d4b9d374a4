"""Handing the caller over to somebody else: by the line, by the exchange, or by staying in between."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal, NoReturn

from engine.call.talk import calling_agent, dial, talk
from engine.errors import NoChannel, NotAllowed, OriginateError, Unsupported
from engine.lines import Capability, Cause
from engine.nodes.fields import Tone

if TYPE_CHECKING:
    from engine.call.call import Call

Mode = Literal["blind", "attended"]
Method = Literal["auto", "driver", "exchange", "bridge"]

OUTCOMES = {Cause.BUSY: "busy", Cause.NO_ANSWER: "no_answer"}


async def hand_over(call: Call, to: str, *, mode: Mode, method: Method, timeout: float) -> str:
    """Connect the caller to `to`; the outcome of a transfer: transferred, busy, no_answer or failed.

    When the line or the exchange connects them, our side of the call is over, and the call ends here. timeout: how
    long `to` rings, in seconds, where we are the ones who call it.
    """
    address = call.services.centres.phone_of(to) or to
    try:
        way = _way(call, mode, method)
        if way == "bridge":
            await _bridge(call, address, timeout)
        else:
            await _transfer(call, address, timeout, by_exchange=way == "exchange", or_bridge=method == "auto")
    except OriginateError as error:
        call.note(str(error))
        return OUTCOMES.get(error.cause, "failed")
    except (NoChannel, NotAllowed, Unsupported) as error:
        call.warn(str(error))
        return "failed"
    return "transferred"


def _way(call: Call, mode: Mode, method: Method) -> Method:
    """The method that `auto` stands for. Raises Unsupported for one that cannot be."""
    if mode == "attended":
        if method in ("driver", "exchange"):
            raise Unsupported(f"method {method} hands the caller over blind: for attended, use bridge or auto")
        return "bridge"
    if method == "auto":
        method = call.services.transfers.method
    if method == "auto":
        can = call.services.lines.driver_of(call.leg).capabilities
        return "driver" if Capability.TRANSFER in can else "bridge"
    return method


def require_transfer(call: Call) -> None:
    """Raises Unsupported when the line of the call cannot transfer."""
    driver = call.services.lines.driver_of(call.leg)
    if Capability.TRANSFER not in driver.capabilities:
        raise Unsupported(f"driver {driver.name} cannot transfer: use bridge, or auto")


async def transfer_leg(call: Call, to: str, *, by_exchange: bool = False) -> NoReturn:
    """Let the line, or the exchange, connect the caller to `to`, and end the call, which is `transferred`.

    Raises OriginateError when `to` does not take the call, NotAllowed and Unsupported; the caller is still ours then.
    """
    leg, lines = call.leg, call.services.lines
    if not by_exchange:
        require_transfer(call)
    agent = calling_agent(call)
    if by_exchange:
        await call.answer()
    dialled = await lines.allow(to, near=leg, agent=agent)
    try:
        await (call.services.exchange.transfer(leg, dialled.digits) if by_exchange else leg.transfer(dialled.digits))
    except Unsupported:
        lines.not_tried(dialled, near=leg, agent=agent)
        raise
    except asyncio.CancelledError:
        # The end of our leg, which is how a transfer succeeds, cancels the node that waits for it.
        if leg.alive or leg.ended.result().by == "remote":
            raise
    call.record.path[-1].outcome = "transferred"
    call.record.transferred_to = call.redacted(to)
    call.end("transferred")


async def _transfer(call: Call, to: str, timeout: float, *, by_exchange: bool, or_bridge: bool) -> None:
    """Let the line or the exchange connect the caller to `to`. or_bridge: stay between the two when it turns out that
    it cannot."""
    try:
        await transfer_leg(call, to, by_exchange=by_exchange)
    except Unsupported as error:
        if not or_bridge:
            raise
        call.note(f"{error}: bridged instead")
        await _bridge(call, to, timeout)


async def _bridge(call: Call, to: str, timeout: float) -> None:
    """Call `to` while the caller hears it ring, and stay between the two until `to` hangs up."""
    await call.answer()
    async with AsyncExitStack() as stack:
        async with call.background(await call.clips([Tone(tone="ringback")])):
            other = await dial(call, to, timeout=timeout, early=True)
            stack.push_async_callback(other.hangup)
        call.record.transferred_to = call.redacted(to)
        if not await talk(call, other):
            call.record.transferred_to = None
            raise OriginateError(to, Cause.FAILED, "hung up before they could be connected")
