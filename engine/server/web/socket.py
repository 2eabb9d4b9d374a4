"""The agent link over a WebSocket: a line is a text frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.server.link import protocol
from engine.server.link.connection import Connection, Wire
from engine.server.link.limits import Place, Refused
from engine.server.link.link import AgentLink
from engine.server.web.access import address_of, same_origin
from engine.tasks import cancel

OTHER_SITE = 1008
"""Close code: policy (RFC 6455 section 7.4.1)."""


class WebWire(Wire):
    """One WebSocket, once it is accepted."""

    def __init__(self, socket: WebSocket, transport: asyncio.Transport) -> None:
        self._socket = socket
        self._transport = transport
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._closing = False
        self._stirred = asyncio.Event()

    def send(self, line: bytes) -> None:
        if not self._closing:
            self._lines.append(line)
            self._waiting += len(line)
            self._stirred.set()

    @property
    def unread(self) -> int:
        return self._waiting + self._transport.get_write_buffer_size()

    def close(self) -> None:
        self._closing = True
        self._stirred.set()

    def abort(self) -> None:
        self._lines.clear()
        self.close()
        self._transport.abort()

    async def write(self) -> None:
        """Send what there is, until it is closed and all is sent."""
        while True:
            while self._lines:
                line = self._lines.popleft()
                await self._socket.send_text(line.decode())
                self._waiting -= len(line)
            if self._closing:
                return
            self._stirred.clear()
            await self._stirred.wait()


async def serve_link(link: AgentLink, socket: WebSocket) -> None:
    """From the first byte to the last. Pages of others are not let in: the browser would vouch for their user."""
    if not same_origin(socket):
        await socket.close(OTHER_SITE)
        return
    try:
        place = link.place(address_of(socket))
    except Refused as refused:
        await socket.accept()
        await _say(socket, protocol.error(refused.error, str(refused)))
        return
    try:
        await socket.accept()
    except BaseException:
        place.leave()
        raise
    await _converse(link, socket, WebWire(socket, socket.scope["state"]["transport"]), place)


async def _converse(link: AgentLink, socket: WebSocket, wire: WebWire, place: Place) -> None:
    connection = link.connect(wire, place)
    reading = asyncio.ensure_future(_read(socket, connection))
    writing = asyncio.ensure_future(wire.write())
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        connection.lost()
        await cancel(reading, writing)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close()


async def _read(socket: WebSocket, connection: Connection) -> None:
    while (message := await socket.receive())["type"] == "websocket.receive":
        text = message.get("text")
        connection.receive(message.get("bytes") or b"" if text is None else text.encode())


async def _say(socket: WebSocket, line: bytes) -> None:
    """One line, and no more."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_text(line.decode())
        await socket.close()
