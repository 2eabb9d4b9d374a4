"""The agent link as a part of a running server."""

from __future__ import annotations

import logging
from pathlib import Path

from engine.centres.centres import Centres
from engine.centres.sessions import Sessions
from engine.server.agent_link import AgentLinkSettings
from engine.server.certificate import Certificate
from engine.server.link.link import AgentLink
from engine.server.link.tcp import TcpListener

log = logging.getLogger("flowctl.link")


class LinkService:
    """The link, and its TCP port if it has one. `start`, then `stop` once calls have ended, or where it failed."""

    def __init__(self, settings: AgentLinkSettings | None, centres: Centres, folder: Path) -> None:
        """settings: None for a link without a TCP port. folder: what paths in the settings are relative to."""
        self._settings = settings
        self._folder = folder
        given = settings or AgentLinkSettings()
        self.link = AgentLink(centres, Sessions(centres, second_login=given.second_login, linger=given.linger))
        self._listener: TcpListener | None = None
        self._certificate: Certificate | None = None

    async def start(self) -> None:
        """Let agents in. Raises ConfigurationError, or OSError when the port cannot be had."""
        settings = self._settings
        if settings is None:
            return
        if settings.exposed:
            log.warning("agent link: passwords cross the network in clear on %s: set agent_link.tls", settings.listen)
        if settings.tls is not None:
            self._certificate = Certificate(settings.tls, self._folder, "agent_link.tls")
        tls = await self._certificate.open() if self._certificate is not None else None
        listener = TcpListener(self.link, settings.listen, tls)
        await listener.start()
        self._listener = listener

    @property
    def address(self) -> str | None:
        """Of the TCP port; None without."""
        return self._listener.address if self._listener is not None else None

    async def stop(self) -> None:
        """Tell everybody, and close."""
        self.link.close()
        if self._listener is not None:
            await self._listener.stop()
        await self.link.settle()
        if self._certificate is not None:
            await self._certificate.close()
