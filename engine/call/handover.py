"""Handing the caller over to somebody else: by the line, by the exchange, or by staying in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal, NoReturn

from engine.call.call import CallOver
from engine.call.talk import calling_agent, dialled, has_a_call, meant, talk
from engine.errors import NoChannel, NotAllowed, OriginateError, Unsupported
from engine.lines import Capability, Cause, Leg
from engine.nodes.fields import Tone
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call

Mode = Literal["blind", "attended"]
Method = Literal["auto", "driver", "exchange", "bridge"]
Way = Literal["blind", "attended", "exchange", "bridge"]

OUTCOMES = {Cause.BUSY: "busy", Cause.NO_ANSWER: "no_answer"}

FAREWELL = 5.0
"""Seconds that the exchange has to take our second line out of a conversation that it has connected."""


async def hand_over(call: Call, to: str, *, mode: Mode, method: Method, timeout: float) -> str:
    """Connect the caller to `to`; the outcome of a transfer: transferred, busy, no_answer or failed.

    When the line or the exchange connects them, our side of the call is over, and the call ends here. timeout: how
    long `to` rings, in seconds, where we are the ones who call it.
    """
    try:
        match way_of(call, mode, method):
            case "blind" | "exchange" as way:
                await _transfer(call, to, timeout, by_exchange=way == "exchange", or_bridge=method == "auto")
            case "attended":
                await _call_and_connect(call, to, timeout, transfer=True, or_bridge=method == "auto")
            case _:
                await _call_and_connect(call, to, timeout)
    except OriginateError as error:
        call.note(str(error))
        return OUTCOMES.get(error.cause, "failed")
    except (NoChannel, NotAllowed, Unsupported) as error:
        call.warn(str(error))
        return "failed"
    return "transferred"


def way_of(call: Call, mode: Mode, method: Method) -> Way:
    """What is meant, the settings included. Raises Unsupported for what cannot be."""
    rules = call.services.transfers
    if method == "exchange" and mode == "attended":
        raise Unsupported("method exchange hands the caller over blind: for attended, use driver, bridge or auto")
    if method == "auto":
        method = "bridge" if mode == "attended" and rules.method in ("auto", "exchange") else rules.method
    if method == "auto":
        method = "driver" if can_transfer(call) else "bridge"
    if method == "driver":
        return "attended" if mode == "attended" or rules.second else "blind"
    return method


def can_transfer(call: Call) -> bool:
    """True when the line of the call can transfer."""
    return Capability.TRANSFER in call.services.lines.driver_of(call.leg).capabilities


def require_transfer(call: Call) -> None:
    """Raises Unsupported when the line of the call cannot transfer."""
    if not can_transfer(call):
        raise Unsupported(f"driver {call.leg.info.driver} cannot transfer: use bridge, or auto")


async def transfer_leg(call: Call, to: str, *, by_exchange: bool = False) -> NoReturn:
    """Let the line, or the exchange, connect the caller to `to`, and end the call, which is `transferred`.

    Raises OriginateError when `to` does not take the call, NotAllowed and Unsupported; the caller is still ours then.
    """
    leg, lines = call.leg, call.services.lines
    if by_exchange:
        await call.answer()
    else:
        require_transfer(call)
    agent = calling_agent(call)
    dialled = await lines.allow(to, near=leg, agent=agent)
    exchange = call.services.exchange
    try:
        await _leave(
            call, to, exchange.transfer(leg, dialled.digits) if by_exchange else leg.transfer(dialled.digits)
        )
    except Unsupported:
        lines.not_tried(dialled, near=leg, agent=agent)
        raise


async def transferred(call: Call, to: str, other: Leg | None, way: Way) -> NoReturn:
    """Let the line or the exchange connect the caller to `to`, whose leg is `other` where the way has one; as
    `transfer_leg`."""
    if other is not None:
        await transfer_to(call, to, other)
    await transfer_leg(call, to, by_exchange=way == "exchange")


async def transfer_to(call: Call, to: str, other: Leg) -> NoReturn:
    """Let the line connect the caller to the far end of `other`, an answered leg to `to`, in its place; as
    `transfer_leg`. `other` is ended when that has succeeded."""
    require_transfer(call)
    try:
        await _leave(call, to, call.leg.transfer(to, replacing=other))
    except CallOver:
        with contextlib.suppress(asyncio.CancelledError):  # by the end of the caller's leg, which is no news
            await uninterrupted(_let_go(other))
        raise


async def _let_go(other: Leg) -> None:
    """The exchange ends a leg that it has replaced. Were we to be faster, nobody would be left to be talked to."""
    await asyncio.wait({other.ended}, timeout=FAREWELL)
    await other.hangup()


async def _leave(call: Call, to: str, transfer: Awaitable[None]) -> NoReturn:
    """Transfer the caller, and end the call."""
    try:
        await transfer
    except asyncio.CancelledError:
        # The end of our leg, which is how a transfer succeeds, cancels the node that waits for it.
        if call.leg.alive or call.leg.ended.result().by == "remote":
            raise
    call.record.path[-1].outcome = "transferred"
    call.record.transferred_to = call.redacted(to)
    call.end("transferred")


async def _transfer(call: Call, to: str, timeout: float, *, by_exchange: bool, or_bridge: bool) -> None:
    """Let the line or the exchange connect the caller to `to`. or_bridge: stay between the two when it turns out that
    it cannot."""
    try:
        await transfer_leg(call, _address(call, to), by_exchange=by_exchange)
    except Unsupported as error:
        if not or_bridge:
            raise
        call.note(f"{error}: bridged instead")
        await _call_and_connect(call, to, timeout)


def _address(call: Call, to: str) -> str:
    """What to dial for a number, or for the code of an agent. Raises OriginateError for one who has a call."""
    desk = meant(call, to)
    if desk is None or not desk.phone:
        return to
    if desk.claim is not None:
        raise has_a_call(to)
    return desk.phone


async def _call_and_connect(
    call: Call, to: str, timeout: float, *, transfer: bool = False, or_bridge: bool = False
) -> None:
    """Call `to` while the caller hears it ring. transfer: then let the line connect the two; otherwise, and when it
    cannot and `or_bridge`, stay between them until `to` hangs up."""
    if transfer and not or_bridge:
        require_transfer(call)
    await call.answer()
    async with AsyncExitStack() as stack:
        async with call.background(await call.clips([Tone(tone="ringback")])):
            address = _address(call, to)
            other = await stack.enter_async_context(dialled(call, to, timeout=timeout, early=True))
        if transfer:
            try:
                await transfer_to(call, address, other)
            except Unsupported as error:
                if not or_bridge:
                    raise
                call.note(f"{error}: bridged instead")
        call.record.transferred_to = call.redacted(address)
        if not await talk(call, other):
            call.record.transferred_to = None
            raise OriginateError(address, Cause.FAILED, "hung up before they could be connected")
