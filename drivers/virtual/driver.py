"""The virtual driver: calls come from `call`, and go to phones that a test or the simulator plugs in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from drivers.virtual.leg import VirtualLeg
from drivers.virtual.party import Party
from engine.errors import OriginateError
from engine.lines import Capability, Cause, Driver, Leg, LegInfo
from engine.lines.ports import OnCall

Phone = Callable[[Party], None]
"""What a phone does when it rings: it is handed the party that it stands for, and may later call
`party.leg.accept()` or `party.hang_up(Cause.BUSY)`. Doing nothing is letting it ring."""


class VirtualDriver(Driver):
    """Lines in memory, on whatever clock the event loop has."""

    name = "virtual"
    capabilities = frozenset(Capability)

    def __init__(self, new_id: Callable[[], str] | None = None) -> None:
        counter = itertools.count(1)
        self._new_id = new_id or (lambda: f"virtual-{next(counter)}")
        self._on_call: OnCall | None = None
        self._legs: set[VirtualLeg] = set()
        self.phones: dict[str, Phone] = {}
        self.elsewhere: Phone | None = None
        """The phone at every other address; None: there is none."""

    async def start(self, on_call: OnCall) -> None:
        self._on_call = on_call

    async def stop(self) -> None:
        self._on_call = None
        for leg in tuple(self._legs):
            await leg.hangup(Cause.CONGESTION)

    def call(self, did: str, cli: str = "", name: str = "") -> Party:
        """Somebody calls `did`: the engine gets the leg, the caller's side is returned."""
        if self._on_call is None:
            raise RuntimeError("the virtual driver has not been started")
        leg = self._new_leg("in", did, cli, name)
        self._on_call(leg)
        return leg.party

    async def originate(self, to: str, *, caller_id: str = "", near: Leg | None = None, early: bool = False) -> Leg:
        return await self._ring(to, caller_id)

    async def _ring(self, to: str, caller_id: str = "") -> VirtualLeg:
        phone = self.phones.get(to, self.elsewhere)
        if phone is None:
            raise OriginateError(to, Cause.NOT_FOUND, "no such virtual phone")
        leg = self._new_leg("out", to, caller_id, "")
        try:
            phone(leg.party)
            await leg.settled()
        except asyncio.CancelledError:
            await leg.hangup(Cause.CANCELLED)
            raise
        if not leg.alive:
            raise OriginateError(to, leg.ended.result().cause)
        return leg

    def usage(self) -> dict[str, int]:
        return {"legs": len(self._legs)}

    def _new_leg(self, direction: str, did: str, cli: str, name: str) -> VirtualLeg:
        identity = self._new_id()
        info = LegInfo(
            id=identity,
            driver=self.name,
            channel=f"virtual/{identity}",
            direction="in" if direction == "in" else "out",
            did=did,
            cli=cli,
            name=name,
        )
        leg = VirtualLeg(info, self._legs.discard, self._ring)
        self._legs.add(leg)
        return leg
