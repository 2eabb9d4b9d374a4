"""What watches the server from outside: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.server.watched import Watched
from engine.server.web.access import Access, Denied
from engine.server.web.errors import document


class Watching:
    """Whether the server lives, and whether it takes calls, anybody may know; figures and reasons only those who may
    watch."""

    def __init__(self, watched: Watched, access: Access) -> None:
        """access: who may watch: its allowed addresses, and the tokens of applications."""
        self._watched = watched
        self._access = access

    @property
    def routes(self) -> list[Route]:
        """To be put before those that answer everything."""
        return [
            Route("/healthz", self._health),
            Route("/readyz", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _health(self, _: Request) -> Response:
        """That there is an answer says that the event loop turns."""
        alive = self._watched.health.alive
        return PlainTextResponse("ok\n" if alive else "stuck\n", status_code=200 if alive else 503)

    async def _ready(self, request: Request) -> Response:
        reasons = self._watched.health.reasons()
        body: dict[str, Any] = {"ready": not reasons}
        try:
            await self._watcher(request)
        except Denied:
            pass
        else:
            body["reasons"] = [{"what": reason.what, "detail": reason.detail} for reason in reasons]
            body["calls"] = self._watched.calls
            body["database"] = "away" if self._watched.database_away else "up"
        return JSONResponse(body, status_code=503 if reasons else 200)

    async def _metrics(self, request: Request) -> Response:
        try:
            await self._watcher(request)
        except Denied as denied:
            headers = {"Retry-After": str(denied.retry_after)} if denied.retry_after else {}
            return JSONResponse(document(denied.key), status_code=denied.status, headers=headers)
        # A tenth of a second, once, that only those servers spend whose metrics are asked for.
        from engine.server.metrics import CONTENT_TYPE, exposition

        return Response(await exposition(self._watched), media_type=CONTENT_TYPE)

    async def _watcher(self, request: Request) -> None:
        """Raises Denied."""
        if (await self._access.caller(request)).agent is not None:
            raise Denied(403, "applications_only")
