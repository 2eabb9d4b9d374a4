"""A request outside any call and its final response, as the event loop sees them: immutable, they cross from one
thread to the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.sip.endpoint import Endpoint
    from drivers.sip.reactor import Reactor

CHALLENGES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}
"""By status: where the challenge is, and the header that answers it (RFC 3261 section 22)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to be sent to `next_hop`, an IPv4 address and a port. `caller` and `called` are the values of From
    (its tag included) and To."""

    method: str
    uri: str
    caller: str
    called: str
    call_id: str
    cseq: int
    next_hop: tuple[str, int]
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The final response; 408 also when none has come within 32 s."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for other, value in self.headers if other == name]

    def number(self, name: str) -> int | None:
        """The whole number that a header begins with, None when there is none."""
        digits = next(iter(self.all(name)), "").partition("(")[0].partition(";")[0].strip()
        return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else None

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"


Asker = Callable[[Ask], Awaitable[Reply]]
"""Sends a request and waits for the final response."""


async def send(reactor: Reactor, endpoint: Endpoint, ask: Ask) -> Reply:
    """Send a request, from the event loop; its final response."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[Reply] = loop.create_future()

    def settle(reply: Reply) -> None:
        if not waiting.done():
            waiting.set_result(reply)

    def received(reply: Reply) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop was closed without `stop`
            loop.call_soon_threadsafe(settle, reply)

    await reactor.call(endpoint.ask, ask, received)
    return await waiting
