"""A leg whose far end has asked to be replaced by somebody else: its phone passes the caller on.

The new call is made as any other, with the same rules, and gives its line and its sound to the leg, which stays where
it is: the scenario goes on waiting for it to end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from drivers.sip.causes import refusal
from engine.errors import EngineError, NotAllowed, OriginateError
from engine.lines import Cause, Hangup, Leg

if TYPE_CHECKING:
    from drivers.sip.leg import SipLeg

Connect = Callable[[Leg, str], Awaitable["SipLeg"]]
"""Calls an address for the caller whose leg is given, and returns the answered leg. Raises EngineError."""

RINGS = 60.0
"""Seconds at most that the new phone may ring."""


class Following:
    """One such change; `left` is how the old far end hung up, if it has not waited for the result."""

    def __init__(self, leg: SipLeg, caller: SipLeg, to: str, connect: Connect) -> None:
        self.left: Hangup | None = None
        self._leg, self._caller = leg, caller
        self._task = asyncio.get_running_loop().create_task(self._run(to, connect))

    @property
    def under_way(self) -> bool:
        """True until the new phone has answered, or has not."""
        return not self._task.done()

    def leave(self, hangup: Hangup) -> None:
        """The old far end has hung up, without waiting for the result."""
        self.left = hangup
        self._leg.passed_on.set()
        self._leg.expect_nothing()

    def stop(self) -> None:
        """The leg has ended: withdraw the call."""
        if self._task is not asyncio.current_task():
            self._task.cancel()

    async def _run(self, to: str, connect: Connect) -> None:
        try:
            await self._leg.unbridge()  # the caller hears it ring, and nobody talks of them with them listening
            async with asyncio.timeout(RINGS):
                other = await connect(self._caller, to)
        except TimeoutError:
            await self._failed(Cause.NO_ANSWER)
        except OriginateError as error:
            await self._failed(error.cause)
        except NotAllowed:
            await self._failed(Cause.REJECTED)
        except EngineError:
            await self._failed(Cause.CONGESTION)
        else:
            with contextlib.suppress(EngineError):  # one of the three has ended meanwhile
                await self._leg.become(other, self._caller)

    async def _failed(self, cause: Cause) -> None:
        """The caller has the old phone again, unless that has hung up."""
        self._leg.line.report(*refusal(cause))
        if self.left is None:
            with contextlib.suppress(EngineError):  # one of the two has ended meanwhile
                await self._caller.bridge(self._leg)
        if self.left is not None:
            self._leg.finish(self.left)
