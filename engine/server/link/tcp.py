"""The agent link over TCP, with or without TLS: a line ends with a line feed."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import cast

from engine.limited_log import LimitedLog
from engine.server.link import protocol
from engine.server.link.connection import Connection, Wire
from engine.server.link.limits import Place, Refused
from engine.server.link.link import AgentLink
from engine.server.link.protocol import Error
from engine.tasks import cancel

log = logging.getLogger("flowctl.link")

FAREWELL = 1.0
"""Seconds that a client has to read why it is cut off."""

HANDSHAKE = 10.0
"""Seconds for that of TLS."""

BACKLOG = 1024

SEND_BUFFER = 128 * 1024
"""Bytes that the kernel keeps for a client who does not read; left to itself it takes megabytes."""

MOST_TURNED_AWAY = 100
"""Refused connections that may read why at the same time."""


class TcpWire(asyncio.Protocol, Wire):
    """One TCP connection."""

    def __init__(self, listener: TcpListener, place: Place) -> None:
        self._listener = listener
        self._place = place
        self._buffer = bytearray()
        self._closing = False
        self._connection: Connection
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._listener.wires.add(self)
        self._connection = self._listener.link.connect(self, self._place)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest
        for line in lines:
            self._connection.receive(bytes(line))
        if len(rest) > protocol.MOST_FROM_CLIENT:
            self._connection.receive(bytes(rest))

    def eof_received(self) -> bool:
        """The client has gone: so do we."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._connection.lost()
        self._listener.gone(self)

    def send(self, line: bytes) -> None:
        self._transport.write(line + b"\n")

    @property
    def unread(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        """A socket closed with something unread is reset, and what was sent last is lost: go on reading for a
        moment."""
        if self._closing:
            return
        self._closing = True
        self._buffer.clear()
        try:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        except OSError:
            # It has just been reset.
            self._transport.abort()
            return
        asyncio.get_running_loop().call_later(FAREWELL, self._transport.abort)

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()


class TcpListener:
    """Lets clients in."""

    def __init__(self, link: AgentLink, listen: str, tls: ssl.SSLContext | None = None) -> None:
        """listen: address and port, 0 for a free one."""
        self.link = link
        self.wires: set[TcpWire] = set()
        self._listen = listen
        self._tls = tls
        self._socket: socket.socket
        self._accepting: asyncio.Task[None]
        self._greeting: set[asyncio.Task[None]] = set()
        self._turned_away: set[socket.socket] = set()
        self._quiet = asyncio.Event()
        self._log = LimitedLog(log, "agent link: connections cannot be accepted")

    async def start(self) -> None:
        """Listen. Raises OSError when the port cannot be had."""
        host, _, port = self._listen.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # With the protocol named, asyncio turns Nagle's algorithm off: a second event would wait up to 40 ms for the
        # acknowledgement of the first.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host.strip("[]"), int(port)))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise OSError(error.errno, f"agent link on {self._listen}: {error.strerror}") from error
        self._socket = listener
        self._accepting = asyncio.create_task(self._accept())

    @property
    def address(self) -> str:
        """Where it listens, with the port that was free if 0 was asked for."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self) -> None:
        """Let nobody in any more, and wait until those who were have gone; the link has told them."""
        await cancel(self._accepting, *self._greeting)
        self._socket.close()
        for refused in tuple(self._turned_away):
            self._close(refused)
        for wire in tuple(self.wires):
            wire.close()
        if self.wires:
            self._quiet.clear()
            await self._quiet.wait()

    def gone(self, wire: TcpWire) -> None:
        """A connection is no more."""
        self.wires.discard(wire)
        if not self.wires:
            self._quiet.set()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, address = await loop.sock_accept(self._socket)
            except OSError as error:
                # No descriptor left, most likely: they come back as connections end.
                self._log.warning(error.strerror)
                await asyncio.sleep(0.5)
                continue
            try:
                place = self.link.place(address[0])
            except Refused as refused:
                self._turn_away(client, refused)
                continue
            task = asyncio.create_task(self._greet(client, place))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    async def _greet(self, client: socket.socket, place: Place) -> None:
        """Make a connection of it."""
        wire = TcpWire(self, place)
        try:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: wire,
                client,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE if self._tls else None,
                ssl_shutdown_timeout=FAREWELL if self._tls else None,
            )
        except OSError as error:
            self.link.log_cut(Error.PROTOCOL, f"{place.address}: {error}")
        finally:
            if wire not in self.wires:
                client.close()
                place.leave()

    def _turn_away(self, client: socket.socket, refused: Refused) -> None:
        """Say why, if that is cheap: not within TLS, and not to everybody at once."""
        if self._tls is not None or len(self._turned_away) >= MOST_TURNED_AWAY:
            client.close()
            return
        try:
            client.send(protocol.error(refused.error, str(refused)) + b"\n")
            client.shutdown(socket.SHUT_WR)
        except OSError:
            client.close()
            return
        self._turned_away.add(client)
        asyncio.get_running_loop().call_later(FAREWELL, self._close, client)

    def _close(self, client: socket.socket) -> None:
        self._turned_away.discard(client)
        client.close()
