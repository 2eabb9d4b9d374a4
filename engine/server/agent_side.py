"""What agents' computers, and the company's applications, reach of a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.centres.calling import Calling
from engine.messages import _
from engine.server.link.service import LinkService
from engine.server.settings import Settings
from engine.server.store import database_of
from engine.server.watched import Watched

if TYPE_CHECKING:
    from engine.server.web.service import WebService


class AgentSide:
    """`start` once calls are answered, `stop` once they have ended."""

    def __init__(self, settings: Settings, calling: Calling, watched: Watched) -> None:
        self._settings = settings
        self._watched = watched
        self._calling = calling
        self._centres = watched.centres
        self._link = LinkService(settings.agent_link, watched.centres, settings.folder)
        self._database = database_of(settings)
        self._web: WebService | None = None

    async def start(self) -> None:
        """Let everybody in. Raises ConfigurationError, or OSError when a port cannot be had."""
        await self._link.start()
        if self._settings.web is not None:
            await self._start_web()

    async def _start_web(self) -> None:
        # Half a second and 9 MB, measured, which a server without it need not spend.
        from engine.records.tokens import Tokens
        from engine.server.web.service import WebService

        settings = self._settings
        assert settings.web is not None
        self._web = WebService(
            settings.web,
            settings.folder,
            calling=self._calling,
            centres=self._centres,
            link=self._link.link,
            tokens=Tokens(self._database),
            language=settings.language,
            watched=self._watched,
        )
        await self._web.start()

    @property
    def addresses(self) -> str:
        """Where, for the line that says that the server is ready."""
        link = _("agents on {address}, ").format(address=self._link.address) if self._link.address else ""
        web = _("web on {address}, ").format(address=self._web.address) if self._web is not None else ""
        return link + web

    async def stop(self) -> None:
        """Tell everybody, and close."""
        await self._link.stop()
        if self._web is not None:
            await self._web.stop()
        await self._database.close()
