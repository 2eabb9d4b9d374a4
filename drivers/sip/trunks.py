"""The trunks of one driver: which of them is up, and which one takes the next call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from drivers.sip.ask import Asker
from drivers.sip.peers import Peers
from drivers.sip.trunk import Trunk
from drivers.sip.watch import TrunkWatch
from engine.errors import NoChannel
from engine.lines import TrunkState

if TYPE_CHECKING:
    from drivers.sip.leg import SipLeg


class Trunks:
    """In the order of the settings, which is the order of preference."""

    def __init__(self, trunks: Sequence[Trunk], peers: Peers, on_change: Callable[[TrunkState], None]) -> None:
        self._watches = {
            trunk.name: TrunkWatch(trunk, lambda found, trunk=trunk: peers.locate(trunk, found), on_change)  # type: ignore[misc]
            for trunk in trunks
        }
        self._carrying: dict[SipLeg, TrunkWatch] = {}

    def __bool__(self) -> bool:
        return bool(self._watches)

    @property
    def states(self) -> dict[str, TrunkState]:
        """Each trunk's state, by name."""
        return {name: watch.state for name, watch in self._watches.items()}

    async def start(self, ask: Asker, address: tuple[str, int]) -> None:
        """Begin to register and to look; see `TrunkWatch.start`."""
        await asyncio.gather(*(watch.start(ask, address) for watch in self._watches.values()))

    async def stop(self) -> None:
        """Unregister everywhere."""
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))

    def choose(self, without: Collection[str] = ()) -> TrunkWatch:
        """The first that is up and has a channel free. without: names of those that do not come into question.
        Raises NoChannel."""
        for name, watch in self._watches.items():
            if watch.free and name not in without:
                return watch
        left = [watch for watch in self._watches.values() if watch.state.up]
        if any(watch.resting for watch in left):
            raise NoChannel("the trunks that are up want no calls for now (Retry-After)")
        if left:
            raise NoChannel("every channel of the trunks is taken")
        raise NoChannel("no trunk is up")

    def by_name(self, name: str) -> TrunkWatch | None:
        """The trunk of that name, if there is one."""
        return self._watches.get(name)

    def full(self, name: str) -> bool:
        """True when the trunk carries as many calls as it may."""
        return name in self._watches and self._watches[name].full

    def took(self, leg: SipLeg, name: str) -> None:
        """A call goes over the trunk of that name, if there is one."""
        if name in self._watches:
            self._carrying[leg] = self._watches[name]
            self._watches[name].calls += 1

    def released(self, leg: SipLeg) -> None:
        """The call has ended."""
        watch = self._carrying.pop(leg, None)
        if watch is not None:
            watch.calls -= 1
