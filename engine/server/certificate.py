"""The certificate of a port, read again when its files change: those of most authorities last for weeks."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from engine.errors import ConfigurationError
from engine.records.switches import Stamp, stamp_of
from engine.server.agent_link import Tls
from engine.tasks import cancel

log = logging.getLogger("flowctl.server")

EVERY = 2.0
"""Seconds between two looks at the files. One of them is written after the other: they are read once both have stayed
as they are from one look to the next."""


class Certificate:
    """`open`, then `close` when nobody is let in any more."""

    def __init__(self, tls: Tls, folder: Path, name: str) -> None:
        """folder: what paths in the settings are relative to. name: key of the settings."""
        self._tls = tls
        self._folder = folder
        self._name = name
        self._current: ssl.SSLContext
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> ssl.SSLContext:
        """For a server: each new connection gets the certificate of the moment. Raises ConfigurationError."""
        stamps = await asyncio.to_thread(self._stamps)
        context = await asyncio.to_thread(self._read)
        self._current = context
        context.sni_callback = self._choose
        self._watching = asyncio.create_task(self._watch(stamps))
        return context

    async def close(self) -> None:
        """Look no more. Idempotent."""
        if self._watching is not None:
            await cancel(self._watching)

    def _choose(self, connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        """Called in each handshake, whether or not the client names a server."""
        connection.context = self._current

    async def _watch(self, read: tuple[Stamp | None, ...]) -> None:
        before = read
        while True:
            await asyncio.sleep(EVERY)
            seen = await asyncio.to_thread(self._stamps)
            if seen == before and seen != read:
                read = seen
                await self._replace()
            before = seen

    async def _replace(self) -> None:
        try:
            self._current = await asyncio.to_thread(self._read)
        except ConfigurationError as error:
            log.warning("%s; the certificate before stays in use", error)
        else:
            log.info("%s: new connections get the new certificate", self._name)

    def _stamps(self) -> tuple[Stamp | None, ...]:
        return tuple(stamp_of(self._folder / path) for path in (self._tls.certificate, self._tls.key))

    def _read(self) -> ssl.SSLContext:
        return self._tls.context(self._folder, self._name)
