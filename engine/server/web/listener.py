"""The web server's port: lets clients in, and counts those who are still at their TLS handshake."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from engine.limited_log import LimitedLog
from engine.server.link.limits import source
from engine.tasks import cancel

log = logging.getLogger("flowctl.web")

HANDSHAKE, FAREWELL = 10.0, 1.0
"""Seconds for the beginning and the end of TLS."""

MOST, MOST_OF_ONE = 300, 50
"""Connections that are being made, and those of one address: more are closed without a word."""

BACKLOG = 1024


class Listener:
    """`start`, then `close`."""

    def __init__(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """listening: bound, and closed by its owner."""
        self._socket = listening
        self._tls = tls
        self._protocol: Callable[[], asyncio.Protocol]
        self._greeting: set[asyncio.Task[None]] = set()
        self._of_one: Counter[str] = Counter()
        self._accepting: asyncio.Task[None] | None = None
        self._log = LimitedLog(log, "web: connections cannot be accepted")

    def start(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Let clients in; protocol: makes that of one connection. Raises OSError."""
        self._protocol = protocol
        self._socket.setblocking(False)
        self._socket.listen(BACKLOG)
        self._accepting = asyncio.create_task(self._accept())

    async def close(self) -> None:
        """Let nobody in any more. Idempotent."""
        if self._accepting is not None:
            await cancel(self._accepting, *self._greeting)

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
            key = source(address[0])
            if len(self._greeting) >= MOST or self._of_one[key] >= MOST_OF_ONE:
                client.close()
                continue
            self._of_one[key] += 1
            task = asyncio.create_task(self._greet(client, key))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    async def _greet(self, client: socket.socket, key: str) -> None:
        """Make a connection of it; one that comes to nothing is closed."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                client,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE if self._tls else None,
                ssl_shutdown_timeout=FAREWELL if self._tls else None,
            )
        except OSError:
            client.close()
        except asyncio.CancelledError:
            client.close()
            raise
        finally:
            self._of_one[key] -= 1
            if not self._of_one[key]:
                del self._of_one[key]
