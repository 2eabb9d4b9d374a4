"""The web server as a part of a running server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from engine.centres.calling import Calling
from engine.centres.centres import Centres
from engine.records.tokens import Tokens
from engine.server.certificate import Certificate
from engine.server.link.link import AgentLink
from engine.server.link.protocol import MOST_FROM_CLIENT
from engine.server.watched import Watched
from engine.server.web.access import Access
from engine.server.web.api import Parts, rest_api
from engine.server.web.frames import Frames
from engine.server.web.guard import Guard
from engine.server.web.http import Patience
from engine.server.web.listener import Listener
from engine.server.web.page import ClickToCall
from engine.server.web.settings import WebSettings
from engine.server.web.socket import serve_link
from engine.server.web.watching import Watching
from engine.tasks import cancel

log = logging.getLogger("flowctl.web")

MOST_HEADERS = 16 * 1024
"""Bytes of a request's line and headers."""

FAREWELL = 3
"""Seconds that requests have to be answered when the server stops."""


class _Server(uvicorn.Server):
    """Says when it is ready; signals are the whole server's business."""

    def __init__(self, config: uvicorn.Config, listener: Listener) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listener.start(self._protocol)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._listener.close()
        await super().shutdown(sockets)

    def _protocol(self) -> Patience:
        return Patience(self.config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class WebService:
    """`start`, then `stop` once calls have ended and the agent link is closed."""

    def __init__(
        self,
        settings: WebSettings,
        folder: Path,
        *,
        calling: Calling,
        centres: Centres,
        link: AgentLink,
        tokens: Tokens,
        language: Literal["en", "fr"],
        watched: Watched | None = None,
    ) -> None:
        """folder: what paths in the settings are relative to. language: of pages. watched: what those who watch the
        server are told about; without, nothing."""
        self._settings = settings
        self._folder = folder
        access = Access(tokens, link.guesses, centres, settings.allow)
        click = ClickToCall(calling, access, language)

        async def agent_link(socket: WebSocket) -> None:
            await serve_link(link, socket)

        pages = [Route(path, click.answer) for path in ("/", "/{rest:path}")]
        api = rest_api(Parts(calling, centres, link, access), version("flowctl"))
        if watched is not None:
            watchers = Access(tokens, link.guesses, centres, settings.monitors)
            pages = [*Watching(watched, watchers).routes, *pages]
        routes = [WebSocketRoute("/agent-link", agent_link), Mount("/api/v1", api), *pages]
        self._app = Guard(Starlette(routes=routes), settings.names)
        self._socket: socket.socket | None = None
        self._certificate: Certificate | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer requests. Raises ConfigurationError, or OSError when the port cannot be had."""
        settings = self._settings
        if settings.exposed:
            log.warning("web server: tokens cross the network in clear on %s: set web.tls", settings.listen)
        self._socket = _listening(settings.listen)
        if settings.tls is not None:
            self._certificate = Certificate(settings.tls, self._folder, "web.tls")
        tls = await self._certificate.open() if self._certificate is not None else None
        config = uvicorn.Config(
            self._app,
            loop="none",
            http=Patience,
            ws=Frames,
            ws_max_size=4 * MOST_FROM_CLIENT,
            ws_ping_interval=None,  # the link has its own
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,  # addresses may hold tokens
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=MOST_HEADERS,
            timeout_graceful_shutdown=FAREWELL,
        )
        self._server = _Server(config, Listener(self._socket, tls))
        self._serving = asyncio.create_task(self._server.serve(sockets=[]))
        self._serving.add_done_callback(_report)
        ready = asyncio.ensure_future(self._server.ready.wait())
        await asyncio.wait({ready, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        await cancel(ready)
        if self._serving.done():
            self._serving.result()

    @property
    def address(self) -> str:
        """Where it listens, with the port that was free if 0 was asked for."""
        assert self._socket is not None
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self) -> None:
        """Answer what has been asked, and close."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._certificate is not None:
            await self._certificate.close()
        if self._socket is not None:
            self._socket.close()


def _report(serving: asyncio.Task[None]) -> None:
    if not serving.cancelled() and (error := serving.exception()):
        log.error("the web server has ended: restart to have it back", exc_info=error)


def _listening(listen: str) -> socket.socket:
    """A socket there. Raises OSError, which names the address."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends at once what it is given: 40 ms less for each answer, measured.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"web server on {listen}: {error.strerror}") from error
    return listener
