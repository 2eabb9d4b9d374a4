"""A call and its leg: commands go to pyVoIP's thread, what happens comes back to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from engine.lines import Cause

if TYPE_CHECKING:
    from drivers.pyvoip.call import Call
    from drivers.pyvoip.client import Client
    from drivers.pyvoip.events import Event
    from drivers.pyvoip.leg import PyVoipLeg


class Line:
    """Commands are called in the event loop, and return at once."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop, call: Call) -> None:
        self.leg: PyVoipLeg | None = None
        """Whom events are for; set before the event loop handles the first."""
        self._client = client
        self._loop = loop
        self._call = call
        call.tell = self._tell

    def dial(self, number: str, cli: str, host: str, port: int) -> None:
        """As `Call.dial`."""
        self._client.post(partial(self._call.dial, number, cli, host, port))

    def ring(self) -> None:
        """As `Call.ring`."""
        self._client.post(self._call.ring)

    def answer(self, host: str, port: int) -> None:
        """As `Call.answer`."""
        self._client.post(partial(self._call.answer, host, port))

    def hang_up(self, cause: Cause) -> None:
        """As `Call.hang_up`."""
        self._client.post(partial(self._call.hang_up, cause))

    def _tell(self, event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop was closed without `stop`
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: Event) -> None:
        if self.leg is not None:
            self.leg.handle(event)
