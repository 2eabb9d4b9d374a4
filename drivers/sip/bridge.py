"""Two ports bridged, wherever their workers are.

Within one worker the worker itself relays. Between two workers each end gets a second port beside it, and the
two second ports send to each other over loopback: two more hops, but any two calls can be connected.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from drivers.sip.media.pool import INSIDE_DTMF
from engine.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from drivers.sip.media.pool import MediaPool
    from drivers.sip.media.port import MediaPort


class Bridge:
    """The audio of two ports, connected until `separate`."""

    def __init__(self, pool: MediaPool, near: MediaPort, far: MediaPort) -> None:
        self._pool = pool
        self._ends = (near, far)
        self._relays: list[MediaPort] = []
        self._separated = False

    async def connect(self) -> None:
        """Start to relay. Raises CallError when a worker fails, LegGone being one."""
        near, far = self._ends
        try:
            await near.bridge(far)
        except Unsupported:
            await self._connect_workers(near, far)

    def press(self, at: MediaPort, key: str) -> None:
        """A key has come at one end by signalling, which is not relayed: send it to the other, if that has
        telephone events."""
        near, far = self._ends
        if not self._separated:
            (far if at is near else near).press(key)

    async def separate(self) -> None:
        """Both ends hear silence again. Idempotent; an end that is gone already is no error."""
        if self._separated:
            return
        self._separated = True
        for port in self._ends:
            with contextlib.suppress(EngineError):
                await port.unbridge()
        for port in self._relays:
            await port.close()

    async def _connect_workers(self, near: MediaPort, far: MediaPort) -> None:
        for end in (near, far):
            self._relays.append(await self._pool.open_beside(end))
        one, two = self._relays
        one.connect(two.host, two.port, codec="PCMA", dtmf=INSIDE_DTMF)
        two.connect(one.host, one.port, codec="PCMA", dtmf=INSIDE_DTMF)
        await asyncio.gather(near.bridge(one), far.bridge(two))
