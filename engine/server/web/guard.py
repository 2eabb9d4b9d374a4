"""What holds for every request, whatever it is for: its name, its size, its time, and the headers of the answer."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.limited_log import LimitedLog
from engine.server.web.errors import document

log = logging.getLogger("flowctl.web")

MOST_BODY = 16 * 1024
"""Bytes of a request."""

SECONDS = 15.0
"""For a request, its body included."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        """names: by which the server is reached, beside its addresses and localhost."""
        self._app = app
        self._names = {"localhost", *names}
        self.log_failure = LimitedLog(log, "web: a request has failed")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if not self._known(Headers(scope=scope).get("host", "")):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await _refuse(_with_headers(send), 421, "unknown_name")
        elif scope["type"] == "http":
            await self._request(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, send)

    def _known(self, host: str) -> bool:
        """A name that is nobody's may be that of a stranger, which leads here for a moment (DNS rebinding). Old
        programs, by HTTP/1.0, give none; browsers always do."""
        name = host.lower().rpartition("]")[0].lstrip("[") if host.startswith("[") else host.lower().partition(":")[0]
        if not name or name.rstrip(".") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, started = _Body(receive), False

        async def sent(message: Message) -> None:
            nonlocal started
            # What the application makes of a body that it did not get is of no interest.
            if not body.too_large:
                started = True
                await send(message)

        failure: tuple[int, str] | None = None
        try:
            async with asyncio.timeout(SECONDS):
                await self._app(scope, body.receive, sent)
        except TimeoutError:
            failure = 408, "timeout"
        except Exception:
            failure = 500, "internal"
            if not body.too_large:
                # Without the path, which may hold a token.
                self.log_failure.exception()
        if body.too_large:
            failure = 413, "too_large"
        if failure is not None and not started:
            await _refuse(send, *failure)


class _Body:
    """The body of a request, up to what it may have."""

    def __init__(self, receive: Receive) -> None:
        self.too_large = False
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        """As ASGI has it. Raises ValueError when there is more."""
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MOST_BODY:
            self.too_large = True
            raise ValueError("the body of a request is too large")
        return message


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sent


async def _refuse(send: Send, status: int, key: str) -> None:
    body = json.dumps(document(key)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
