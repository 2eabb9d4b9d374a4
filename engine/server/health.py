"""How a running server is: what /healthz, /readyz and the metrics say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.lines import Driver

EVERY = 0.25
"""Seconds between two looks at the event loop."""

WINDOW = 40
"""Looks of which the longest delay is told: ten seconds."""

STUCK = 10.0
"""Seconds after which a driver that has not had its turn hangs."""

Phase = Literal["starting", "serving", "stopping"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no calls should be sent here; `what` is for programs, `detail` for people."""

    what: str
    detail: str


class Health:
    """`phase` is set by whoever starts and stops the server."""

    def __init__(self, drivers: Sequence[Driver]) -> None:
        self.phase: Phase = "starting"
        self._drivers = drivers
        self._delays = [0.0]
        self._waiting_since: float | None = None
        """When the drivers were asked for a turn that they have not had yet."""

    @property
    def alive(self) -> bool:
        """False when a driver hangs: calls are neither taken nor ended then, and starting again is all that helps."""
        since = self._waiting_since
        return since is None or asyncio.get_running_loop().time() - since < STUCK

    @property
    def loop_delay(self) -> float:
        """Seconds by which the event loop was late, the most in the last ten seconds."""
        return max(self._delays)

    def reasons(self) -> list[Reason]:
        """Why calls should go elsewhere; none when they may come. A database that is away is no reason: calls go on
        without it, and what they leave behind waits in the outbox."""
        if self.phase != "serving":
            return [Reason(self.phase, "the server is starting" if self.phase == "starting" else "the server stops")]
        if not self.alive:
            return [Reason("stuck", "a driver does not answer")]
        trunks = [state for driver in self._drivers for state in driver.trunks().values()]
        if trunks and not any(state.up for state in trunks):
            return [Reason("trunk_down", f"{state.name}: {state.detail}") for state in trunks]
        return []

    async def watch(self) -> None:
        """Until cancelled: see how late the event loop is, and whether the drivers have their turns."""
        await asyncio.gather(self._watch_loop(), self._watch_drivers())

    async def _watch_drivers(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._waiting_since = loop.time()
            await asyncio.gather(*(driver.turn() for driver in self._drivers))
            self._waiting_since = None
            await asyncio.sleep(1.0)

    async def _watch_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self._delays = [*self._delays[1 - WINDOW :], max(0.0, loop.time() - due)]
