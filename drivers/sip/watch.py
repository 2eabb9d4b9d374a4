"""Whether a trunk is up: what its registration and its keep-alive say, put together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from drivers.sip.ask import Asker
from drivers.sip.keepalive import KeepAlive
from drivers.sip.registration import Registration
from drivers.sip.trunk import Trunk
from drivers.sip.uri import parse_uri, resolve_all
from engine.lines import TrunkState
from engine.tasks import cancel

log = logging.getLogger("flowctl.sip")

LOOKED_UP_WITHIN = 3.0
"""Seconds that the start waits for a name server."""

LONGEST_REST = 3600
"""Seconds."""

UNTRIED = "not tried yet"


class TrunkWatch:
    """One trunk while the driver runs: from `start` to `stop`."""

    def __init__(
        self,
        trunk: Trunk,
        on_located: Callable[[list[str]], None],
        on_change: Callable[[TrunkState], None],
    ) -> None:
        """on_located: told the addresses of the far end. on_change: told of each change of the state."""
        self.trunk = trunk
        self.calls = 0
        """Calls that it carries now."""
        self._resting_until = 0.0
        self.state = TrunkState(trunk.name, not (trunk.register or trunk.options), UNTRIED, datetime.now(UTC))
        self._on_located, self._on_change = on_located, on_change
        self._proxy = parse_uri(f"sip:{trunk.proxy}") if trunk.proxy else None
        self._parts: dict[str, str | None] = {}
        """Why the part of that name is down; empty when it is up, None before it has been tried."""
        self._route: tuple[str, int] | None = None
        self._registration: Registration | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def free(self) -> bool:
        """True when one more call may go out by it."""
        return self.state.up and not self.full and not self.resting

    @property
    def resting(self) -> bool:
        """True while its far end wants no calls."""
        return time.monotonic() < self._resting_until

    def rest(self, seconds: int) -> None:
        """Its far end wants no calls for so long, an hour at most (RFC 3261 section 21.5.4)."""
        if seconds:
            self._resting_until = time.monotonic() + min(seconds, LONGEST_REST)
            log.warning(
                "trunk %s: no calls for %d s, as its far end asks", self.trunk.name, min(seconds, LONGEST_REST)
            )

    @property
    def full(self) -> bool:
        """True when it carries as many calls as it may."""
        return self.trunk.channels is not None and self.calls >= self.trunk.channels

    async def start(self, ask: Asker, address: tuple[str, int]) -> None:
        """Look its host up, then keep it registered and under watch. address: our own."""
        trunk, (host, port) = self.trunk, address
        try:
            async with asyncio.timeout(LOOKED_UP_WITHIN):
                await self.next_hop()
        except (OSError, TimeoutError) as error:
            log.warning("trunk %s: %s cannot be looked up: %s", trunk.name, trunk.host, error)
        if trunk.register:
            self._parts["registration"] = None
            contact = f"sip:{quote(trunk.user)}@{host}:{port}"
            self._registration = Registration(trunk, contact, ask, self.next_hop, self._report("registration"))
            self._run(self._registration.run())
        if trunk.options:
            self._parts["options"] = None
            self._run(KeepAlive(trunk, host, ask, self.next_hop, self._report("options")).run())

    async def stop(self) -> None:
        """End both, and the registration with them."""
        for task in self._tasks:
            await cancel(task)
        if self._registration is not None:
            await self._registration.unregister()

    async def route(self) -> tuple[str, int]:
        """Where a call is sent to: where the last request was, if there are others to look the host up anew, so that
        no call waits for a name server. Raises OSError."""
        if self._route is not None and self._tasks:
            return self._route
        return await self.next_hop()

    async def next_hop(self) -> tuple[str, int]:
        """Where its requests are sent to, looked up anew. Raises OSError."""
        host, port = self.trunk.host, self.trunk.port
        if self._proxy is not None:
            host, port = self._proxy.host, self._proxy.port
        addresses = await resolve_all(host)
        self._on_located(addresses)
        self._route = addresses[0], port
        return self._route

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def _report(self, part: str) -> Callable[[bool, str], None]:
        def report(up: bool, detail: str) -> None:
            answers_again = part == "options" and up and self._parts[part]
            self._parts[part] = "" if up else detail
            self._update()
            if answers_again and self._registration is not None:
                self._registration.refresh()  # it may have been started anew, and know nobody

        return report

    def _update(self) -> None:
        if None in self._parts.values():
            return
        why = "; ".join(filter(None, self._parts.values()))
        if (not why, why) == (self.state.up, self.state.detail):
            return
        changed = self.state.up == bool(why) or self.state.detail == UNTRIED
        self.state = TrunkState(self.trunk.name, not why, why, datetime.now(UTC) if changed else self.state.since)
        if changed or why:
            log.log(logging.WARNING if why else logging.INFO, "trunk %s is %s", self.trunk.name, self.state)
        if changed:
            self._on_change(self.state)
