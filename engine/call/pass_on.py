"""The call that a telephone asks for which passes its caller on."""

from __future__ import annotations

import asyncio

from engine.audio.clip import Clip
from engine.lines import Leg
from engine.lines.lines import Lines
from engine.tasks import cancel


async def pass_on(lines: Lines, caller: Leg, to: str, ringing: Clip) -> Leg:
    """Call `to` for the far end of `caller`, by the rules of a `bridge` node, and return the answered leg.

    ringing: what the caller hears meanwhile, over and over, unless the called line says something before it answers.
    The caller is bridged with nobody. Raises as `Lines.originate`.
    """
    tone = asyncio.ensure_future(caller.play([ringing], loop=True))
    try:
        return await lines.originate(to, caller_id=lines.presented(caller), near=caller, early=True)
    finally:
        await cancel(tone)
