"""An agent's computer on a raw socket: sends lines of the agent link and keeps what comes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self


class LinkClient:
    """Answers pings, unless `answers` is False."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.log: list[dict[str, Any]] = []
        """What the server has said, without pings."""
        self.answers = True
        self.closed = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._came = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Self:
        return cls(*await asyncio.open_connection(host, port, ssl=tls, limit=1024 * 1024))

    async def _read(self) -> None:
        with suppress(OSError):
            while line := await self._reader.readline():
                message = json.loads(line)
                if message["type"] != "ping":
                    self.log.append(message)
                    self._came.set()
                elif self.answers:
                    self.send(type="pong")
        self.closed.set()
        self._came.set()

    def send(self, **message: Any) -> None:
        self.raw(json.dumps(message).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        self._writer.write(data)

    async def got(self, timeout: float = 5, **wanted: Any) -> dict[str, Any]:
        """The first message from the server with these values, which is taken from the log; those before it stay.
        TimeoutError, or ConnectionError when it cannot come any more."""
        async with asyncio.timeout(timeout):
            while True:
                for message in self.log:
                    if wanted.items() <= message.items():
                        self.log.remove(message)
                        return message
                if self.closed.is_set():
                    raise ConnectionError(f"closed without {wanted}: {self.log}")
                self._came.clear()
                await self._came.wait()

    async def log_in(self, code: str, password: str = "secret", **more: Any) -> Self:
        """Open a session, and see it open."""
        self.send(type="open", protocol=1, code=code, password=password, **more)
        await self.got(type="event", event="A")
        await self.got(type="state")
        return self

    async def over(self, timeout: float = 5) -> None:
        """Wait until the server has closed the connection."""
        async with asyncio.timeout(timeout):
            await self.closed.wait()

    def pause(self) -> None:
        """Read nothing any more."""
        self._writer.transport.pause_reading()

    def abort(self) -> None:
        """Be gone without a word of the program, as if it were killed."""
        self._writer.transport.abort()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


@asynccontextmanager
async def clients(port: int, count: int = 1) -> AsyncIterator[list[LinkClient]]:
    """So many connections, each past its `hello`."""
    found: list[LinkClient] = []
    try:
        for _ in range(count):
            found.append(await LinkClient.connect(port))
            await found[-1].got(type="hello")
        yield found
    finally:
        for client in found:
            await client.close()
