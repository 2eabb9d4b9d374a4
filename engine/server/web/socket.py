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

FAREWELL = 1.0
"""Seconds that a client has to read why it is cut off, and to close."""

MOST_TURNED_AWAY = 100
"""Clients that are not let in and may read why at the same time."""

_turned_away: set[asyncio.Transport] = set()


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
        if not self._closing:
            # Who does not read is not waited for, and has no place any more.
            asyncio.get_running_loop().call_later(FAREWELL, self._transport.abort)
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
    transport: asyncio.Transport = socket.scope["state"]["transport"]
    try:
        place = link.place(address_of(socket))
    except Refused as refused:
        await _turn_away(socket, transport, refused)
        return
    try:
        await socket.accept()
    except BaseException:
        place.leave()
        raise
    await _converse(link, socket, WebWire(socket, transport), place)


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


async def _turn_away(socket: WebSocket, transport: asyncio.Transport, refused: Refused) -> None:
    """Say why, if there are not too many to be told: none of them has a place, and each takes a descriptor."""
    if len(_turned_away) >= MOST_TURNED_AWAY:
        transport.abort()
        return
    _turned_away.add(transport)
    asyncio.get_running_loop().call_later(FAREWELL, _forget, transport)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.accept()
        await socket.send_text(protocol.error(refused.error, str(refused)).decode())
        await socket.close()


def _forget(transport: asyncio.Transport) -> None:
    _turned_away.discard(transport)
    transport.abort()
