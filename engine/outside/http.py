"""Web services through httpx: only the hosts that the settings allow, within a time and a size."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterable
from typing import Any

import httpx

from engine.errors import CallError
from engine.outside.ports import HttpRequest, HttpResponse

LIMIT = 1_000_000
"""Bytes of an answer that are read, unless the settings say otherwise."""
MAX_REDIRECTS = 5
CONNECTIONS = 100

_PORTS = {"http": 80, "https": 443}


class HttpxClient:
    """`HttpClient` on the network. Certificates are verified; no proxy is taken from the environment."""

    def __init__(self, allow: Iterable[str], limit: int = LIMIT, *, verify: ssl.SSLContext | None = None) -> None:
        """allow: hosts, `api.example.com` (its usual ports) or `api.example.com:8443`. limit: bytes of an answer.
        Blocking: reads the certificates of the system, unless `verify` has them."""
        self._allow = {host.lower() for host in allow}
        self._limit = limit
        self._client = httpx.AsyncClient(
            verify=verify or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - one for everything together, in `request`
            limits=httpx.Limits(max_connections=CONNECTIONS),
            # An answer that is small on the wire shall not be huge in memory.
            headers={"accept-encoding": "identity", "user-agent": "flowctl"},
        )

    async def request(self, request: HttpRequest) -> HttpResponse:
        """See `HttpClient.request`."""
        host = _host(request.url)
        try:
            async with asyncio.timeout(request.timeout):
                return await self._follow(request)
        except TimeoutError:
            raise CallError(f"{host} did not answer within {request.timeout:g} s") from None
        except httpx.HTTPError as error:
            raise CallError(f"{host} cannot be asked: {str(error) or type(error).__name__}") from None
        except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
            raise CallError(f"the request to {host} cannot be sent: {error}") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _follow(self, request: HttpRequest) -> HttpResponse:
        content = json.dumps(request.json, ensure_ascii=False).encode() if request.has_json else None
        headers = {**({"content-type": "application/json"} if request.has_json else {}), **request.headers}
        # As bytes: a name with an accent is a value too.
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        asked = self._client.build_request(request.method, request.url, headers=sent, content=content)
        for _ in range(MAX_REDIRECTS + 1):
            self._require_allowed(asked.url)
            response = await self._client.send(asked, stream=True)
            try:
                if response.next_request is None:
                    return await self._read(response)
                following = response.next_request
            finally:
                await response.aclose()
            if asked.url.scheme == "https" and following.url.scheme != "https":
                raise CallError(f"{asked.url.host} redirects from https to {following.url.scheme}")
            if _origin(following.url) != _origin(asked.url):
                # What was meant for one host, a token perhaps, is not shown to another.
                for name in request.headers:
                    following.headers.pop(name, None)
            asked = following
        raise CallError(f"{asked.url.host} redirects more than {MAX_REDIRECTS} times")

    def _require_allowed(self, url: httpx.URL) -> None:
        scheme, host, port = _origin(url)
        if scheme not in _PORTS or not host:
            raise CallError("a URL begins with https://HOST/ or http://HOST/")
        usual = port == _PORTS[scheme]
        if f"{host}:{port}" not in self._allow and not (usual and host in self._allow):
            wanted = host if usual else f"{host}:{port}"
            raise CallError(f"{wanted} is not in the setting http.allow")

    async def _read(self, response: httpx.Response) -> HttpResponse:
        if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise CallError(f"{response.url.host} answered compressed, which was not asked for")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self._limit:
                raise CallError(f"{response.url.host} answered more than {self._limit} bytes")
        text = _decode(bytes(body), response.charset_encoding)
        return HttpResponse(response.status_code, text, _json(text, response.headers.get("content-type", "")))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host.lower(), url.port or _PORTS.get(url.scheme)


def _host(url: str) -> str:
    """The host of a URL, for messages; its path and query may hold what nobody shall see."""
    try:
        return httpx.URL(url).host or "the web service"
    except (httpx.InvalidURL, ValueError, TypeError):
        return "the web service"


def _decode(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _json(text: str, kind: str) -> Any:
    """The body as JSON when it says that it is; None otherwise, and when it is not."""
    media = kind.partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
