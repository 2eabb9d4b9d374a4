"""HTTP connections: how many there may be, and how long they may say nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.server.link.limits import source

MOST, MOST_OF_ONE = 300, 50
"""Connections, and those of one address. WebSockets have limits of their own."""

HEADERS_WITHIN = 10.0
"""Seconds for a request's headers."""


class Patience(H11Protocol):
    """One connection; those that are too many, or too slow, are closed without a word."""

    _open: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._counted = source(self.client[0] if self.client else "")
        type(self)._open[self._counted] += 1
        if self._open[self._counted] > MOST_OF_ONE or self._open.total() > MOST:
            transport.abort()
        self._be_patient()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._be_patient()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """It is a WebSocket's from now on, which may need to be cut off."""
        self._leave()
        self.app_state: dict[str, Any] = {**self.app_state, "transport": self.transport}
        super().handle_websocket_upgrade(event)

    def _be_patient(self) -> None:
        """Wait for headers while there are none, and for nothing else: what comes after has its own time-out."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not answering and self._deadline is None and self._counted:
            self._deadline = self.loop.call_later(HEADERS_WITHIN, self.transport.abort)

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._counted:
            self._open[self._counted] -= 1
            if not self._open[self._counted]:
                del self._open[self._counted]
            self._counted = ""
