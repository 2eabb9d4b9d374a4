"""One TCP connection to the server: lines in both directions, pings answered, silence noticed."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Any, Self

from .messages import MOST_FROM_SERVER, Hello, Message, Ping, ProtocolError, read, request

CONNECT_WITHIN = 5.0
"""Seconds until the server has said hello, TLS included."""

SEND_WITHIN = 5.0
"""Seconds until the system takes what is sent, when it had to keep much already."""

MOST_UNSENT = 64 * 1024
"""Bytes that wait for the server to read them when it asks for yet more answers."""

LEAVE_WITHIN = 1.0
"""Seconds until the server has closed the connection after `close`."""


class CutOff(ConnectionError):
    """The connection is lost; `why` as in `Lost`."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


class Connection:
    """Made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._silence = CONNECT_WITHIN
        """Seconds without a line after which the connection is lost."""

    @classmethod
    async def connect(cls, server: str, port: int, tls: ssl.SSLContext | None) -> Self:
        """A connection that is past its `hello`. Raises OSError, of which ssl.SSLError and ConnectionError are."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                # A name or a port that cannot be one is a ValueError deep inside.
                streams = await asyncio.open_connection(server, port, ssl=tls, limit=MOST_FROM_SERVER)
        except TimeoutError:
            raise ConnectionError(f"{server}:{port} does not answer") from None
        except (ValueError, OverflowError) as error:
            raise ConnectionError(f"{server}:{port}: {error}") from None
        connection = cls(*streams)
        try:
            hello = await connection.receive()
            if not isinstance(hello, Hello):
                raise ConnectionError(getattr(hello, "message", "") or f"{server}:{port} is no agent link")
        except BaseException:
            connection.abort()
            raise
        connection._silence = min(max(hello.timeout, 1.0), 60.0)
        return connection

    async def receive(self) -> Message | Hello:
        """The next message. Raises OSError when there is none any more: the connection is lost."""
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    line = await self._reader.readline()
            except TimeoutError:
                raise CutOff("silent", f"nothing was heard for {self._silence:g} s") from None
            except ValueError:
                too_long = f"the server says more than {MOST_FROM_SERVER} bytes in a line"
                raise CutOff("nonsense", too_long) from None
            if not line.endswith(b"\n"):
                raise CutOff("closed", "the server has closed the connection")
            try:
                message = read(line)
            except ProtocolError as error:
                raise CutOff("nonsense", str(error)) from None
            if isinstance(message, Ping):
                if self._writer.transport.get_write_buffer_size() > MOST_UNSENT:
                    raise CutOff("unread", "the server does not read what it is sent")
                self._writer.write(request("pong"))
            elif message is not None:
                return message

    async def send(self, kind: str, **fields: Any) -> bool:
        """Send a request. False when it could not be sent. Raises ValueError for one that is too long."""
        line = request(kind, **fields)
        if self._writer.is_closing():
            return False
        self._writer.write(line)
        try:
            async with asyncio.timeout(SEND_WITHIN):
                await self._writer.drain()
        except OSError:
            return False
        return True

    async def leave(self) -> bool:
        """Log out, and wait until the server has closed the connection. False when it could not be told."""
        sent = await self.send("close")
        if sent:
            with suppress(OSError, ValueError):
                async with asyncio.timeout(LEAVE_WITHIN):
                    while await self._reader.readline():
                        pass
        self.abort()
        return sent

    def abort(self) -> None:
        """Close at once. Idempotent."""
        self._writer.transport.abort()
