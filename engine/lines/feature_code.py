"""A transfer by the exchange: the keys that somebody at a telephone would press."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from engine.errors import CallError, LegGone, OriginateError, Unsupported
from engine.lines.cause import Cause
from engine.lines.ports import Leg

PAUSE = 1.0
"""Seconds that a `,` lasts."""

_NUMBER = re.compile(r"[0-9*#]+")


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """Pressed on the line of the caller: `before`, the number, `after`; in both, `!` is a hook-flash, `,` a pause."""

    before: str
    after: str = ""
    wait: float = 5.0
    """Seconds in which the exchange hangs up on us, if it does when it has connected the two."""
    then_hang_up: bool = True
    """Hang up after `wait`, which is how the exchange connects them; otherwise, not to be hung up on is a failure."""
    back: str = ""
    """Pressed after a failure: brings the caller back."""

    async def transfer(self, leg: Leg, to: str) -> None:
        """See `engine.outside.ports.Exchange`. The leg is answered."""
        if not _NUMBER.fullmatch(to):
            raise Unsupported(f"{to} cannot be dialled by keys")
        await _press(leg, f"{self.before}{to}{self.after}")
        try:
            await asyncio.wait({leg.ended}, timeout=self.wait)
        except asyncio.CancelledError:
            if leg.alive:
                raise  # not because the exchange, or the caller, has hung up, which ends the call and so cancels us
        if not leg.alive:
            return
        if self.then_hang_up:
            await leg.hangup()
            return
        await _press(leg, self.back)
        raise OriginateError(to, Cause.FAILED, f"the exchange has not hung up within {self.wait:g} s")


async def _press(leg: Leg, keys: str) -> None:
    try:
        for part in re.split("(,)", keys):
            if part == ",":
                await asyncio.sleep(PAUSE)
            elif part:
                await leg.send_digits(part)
    except LegGone:
        raise
    except (CallError, ValueError) as error:
        raise Unsupported(f"the line of the caller does not take these keys: {error}") from error
