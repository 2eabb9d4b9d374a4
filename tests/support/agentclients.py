"""Clients of the agent link, as an agent's own programs use them, and what may come between them and the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tools.agent import AgentClient, Message


async def got(client: AgentClient, *wanted: type | str, timeout: float = 5, **values: Any) -> Any:
    """The next message that is an event with one of these letters, or of one of these types, and has these values;
    those before it are passed over."""
    async with asyncio.timeout(timeout):
        async for message in client:
            if fits(message, *wanted, **values):
                return message
    raise AssertionError(f"over, without {wanted} {values}")


def fits(message: Message, *wanted: type | str, **values: Any) -> bool:
    kinds = (type(message), getattr(message, "letter", None))
    missing = object()
    return any(kind in wanted for kind in kinds) and all(
        getattr(message, name, missing) == value for name, value in values.items()
    )


class Proxy:
    """Between a client and a server. `deaf`: nothing is passed on any more, and nobody is told."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.deaf = False
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.append(far_writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if not self.deaf:
                    sink.write(data)
        if not self.deaf:
            sink.transport.abort()

    def cut(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def stop(self) -> None:
        self._server.close()
        for task in (*self._tasks,):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()
        await self._server.wait_closed()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    between = Proxy(target)
    await between.start()
    try:
        yield between
    finally:
        await between.stop()
