"""WebSocket frames that carry no line: how many of them there may be."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from engine.server.link.limits import Bucket


class Frames(WebSocketsSansIOProtocol):
    """One WebSocket. Pings, which are answered, pongs and pieces of a message come before any line is counted; who
    sends them faster than lines may come is cut off without a word."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._bucket = Bucket(self.loop.time)

    def handle_ping(self) -> None:
        if self._in_time():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._in_time():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if self._in_time():
            super().handle_cont(event)

    def _in_time(self) -> bool:
        if not self.transport.is_closing() and self._bucket.take():
            return True
        self.transport.abort()
        return False
