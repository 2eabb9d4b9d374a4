"""The user agent of the tests over TCP or TLS (RFC 3261 section 18.3), for what stands in front of the product.

async with StreamUa.connect(("127.0.0.1", 5061), context) as phone:
    call = await phone.invite("32", phone.peer)

async with StreamUa.listen(context) as operator:        # to be called at operator.uri("201")
    call = await operator.next_call()
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator

from support.sipua import Message, SipUa


class StreamUa(SipUa):
    """One connection at a time; what it sends goes there, whatever address the call has."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self.transport = "tcp" if context is None else "tls"
        self.peer = ("", 0)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, to: tuple[str, int], context: ssl.SSLContext | None) -> AsyncIterator[StreamUa]:
        """Connect, with TLS if there is a context; nothing listens at our end."""
        ua = cls(context)
        reader, writer = await asyncio.open_connection(*to, ssl=context)
        ua.peer = to
        ua.host, ua.port = writer.get_extra_info("sockname")
        ua._writer, ua._reading = writer, asyncio.ensure_future(ua._read(reader))
        try:
            yield ua
        finally:
            await ua.disconnect()

    @classmethod
    @contextlib.asynccontextmanager
    async def listen(cls, context: ssl.SSLContext | None, host: str = "127.0.0.1") -> AsyncIterator[StreamUa]:
        """Wait for connections on a free port; the latest is used."""
        ua = cls(context)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ua._writer, ua._reading = writer, asyncio.current_task()
            await ua._read(reader)

        server = await asyncio.start_server(connected, host, 0, ssl=context)
        ua.host, ua.port = server.sockets[0].getsockname()
        try:
            yield ua
        finally:
            server.close()
            await ua.disconnect()

    async def disconnect(self) -> None:
        """Close the connection and the RTP ports."""
        for call in self.calls.values():
            call.rtp.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await self._writer.wait_closed()

    def contact(self) -> str:
        return f"<sip:test@{self.host}:{self.port};transport={self.transport}>"

    def via(self) -> str:
        return super().via().replace("/UDP ", f"/{self.transport.upper()} ")

    def send(self, message: Message | bytes, to: tuple[str, int]) -> None:
        assert self._writer is not None
        self._writer.write(message if isinstance(message, bytes) else message.encode())

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if head:
                    self.datagram_received(head + body, self.peer)
