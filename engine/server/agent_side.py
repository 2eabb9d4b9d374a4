"""What agents' computers, and the company's applications, reach of a running server."""

from __future__ import annotations

from engine.centres.calling import Calling
from engine.centres.centres import Centres
from engine.server.link.service import LinkService
from engine.server.settings import Settings


class AgentSide:
    """`start` once calls are answered, `stop` once they have ended."""

    def __init__(self, settings: Settings, calling: Calling, centres: Centres) -> None:
        self._calling = calling
        self._link = LinkService(settings.agent_link, centres, settings.folder)

    async def start(self) -> None:
        """Let everybody in. Raises ConfigurationError, or OSError when a port cannot be had."""
        await self._link.start()

    @property
    def addresses(self) -> str:
        """Where, for the line that says that the server is ready."""
        return f"agents on {self._link.address}, " if self._link.address else ""

    async def stop(self) -> None:
        """Tell everybody, and close."""
        await self._link.stop()
