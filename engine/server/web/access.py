"""Who asks the web server, and what they may."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from engine.centres.centres import Centres
from engine.errors import DatabaseError
from engine.records.tokens import Tokens
from engine.server.link.limits import BAN, Guesses, known_as


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has proved who they are: an agent by their code, an application, or whoever sits at an allowed address."""

    agent: str | None = None
    application: str | None = None

    def may_call_for(self, code: str) -> bool:
        """True when they may have the calls of that agent."""
        return self.agent is None or self.agent == code

    def __str__(self) -> str:
        if self.agent is not None:
            return f"agent {self.agent}"
        return f"application {self.application}" if self.application is not None else "an allowed address"


class Denied(Exception):
    """A request that is not carried out. `key` names the reason, `status` is that of HTTP."""

    def __init__(self, status: int, key: str, *, retry_after: int | None = None) -> None:
        super().__init__(key)
        self.status, self.key, self.retry_after = status, key, retry_after


class Access:
    """Looks at tokens and addresses, and counts those who guess."""

    def __init__(self, tokens: Tokens, guesses: Guesses, centres: Centres, allow: Sequence[str]) -> None:
        """allow: networks from which no token is needed."""
        self._tokens = tokens
        self._guesses = guesses
        self._centres = centres
        self._allow = [ipaddress.ip_network(network, strict=False) for network in allow]

    async def caller(self, request: HTTPConnection, token: str | None = None) -> Caller:
        """Who asks. token: given in another place than the header. Raises Denied."""
        token = token or bearer(request)
        if token is not None:
            return await self.holder(request, token)
        if not self._allowed(address_of(request)):
            raise Denied(401, "no_token")
        if from_elsewhere(request):
            raise Denied(403, "other_site")
        return Caller()

    async def holder(self, request: HTTPConnection, token: str) -> Caller:
        """Whose token it is. Raises Denied."""
        self.not_banned(request, known_as(token))
        try:
            holder = await self._tokens.holder(token)
        except DatabaseError as error:
            raise Denied(503, "no_database") from error
        if holder is None:
            self.guessed(request, known_as(token))
            raise Denied(401, "bad_token")
        if holder.role == "application":
            return Caller(application=holder.name)
        desk = self._centres.desk(holder.name)
        if desk is None or not desk.agent.active:
            raise Denied(403, "not_active")
        return Caller(agent=holder.name)

    def not_banned(self, request: HTTPConnection, whose: str) -> None:
        """Raises Denied while nothing that an address claims is looked at, or nothing of `whose`: an agent's code, or
        what a token is known as."""
        if self._guesses.banned(address_of(request), whose):
            raise Denied(429, "banned", retry_after=int(BAN))

    def guessed(self, request: HTTPConnection, whose: str) -> None:
        """A token or a password was wrong."""
        self._guesses.failed(address_of(request), whose)

    def proved(self, request: HTTPConnection, code: str) -> None:
        """The agent's password was right."""
        self._guesses.succeeded(address_of(request), code)

    def _allowed(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        return any((mapped or ip) in network for network in self._allow)


def address_of(request: HTTPConnection) -> str:
    """The IP address that the request comes from; headers of proxies are believed by nobody."""
    return request.client.host if request.client is not None else ""


def bearer(request: HTTPConnection) -> str | None:
    """The token of the header (RFC 6750 section 2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def from_elsewhere(request: HTTPConnection) -> bool:
    """True when a browser says that a page of somebody else makes the request, or when it looks ahead of its user:
    at an allowed address that would be enough to have calls made."""
    headers = request.headers
    if headers.get("sec-fetch-site") == "cross-site" or "prefetch" in headers.get("sec-purpose", ""):
        return True
    # Without TLS browsers send no Sec-Fetch-Site, and with a GET no Origin; most say whose page it was.
    page = headers.get("referer")
    return not same_origin(request) or (page is not None and not _ours(page, request))


def same_origin(request: HTTPConnection) -> bool:
    """False when the page that asks is not one of this server. Programs send no origin, and are no pages."""
    origin = request.headers.get("origin")
    return origin is None or _ours(origin, request)


def _ours(url: str, request: HTTPConnection) -> bool:
    """True for the URL of a page of this server, by the name under which it is asked."""
    try:
        return urlsplit(url).netloc.lower() == request.headers.get("host", "").lower()
    except ValueError:
        return False
