"""How many may be connected, how fast they may ask, and who has guessed too often."""

from __future__ import annotations

import ipaddress
from collections import Counter, deque
from collections.abc import Callable
from typing import TypeVar

from engine.server.link.protocol import Error

T = TypeVar("T")

MOST = 1_000
"""Connections."""

MOST_NOT_OPEN = 20
"""Connections of one address on which nobody has logged in yet."""

RATE, BURST = 20.0, 40
"""Requests a second, and at once."""

GUESSES, WITHIN, BAN = 10, 600.0, 600.0
"""Wrong passwords and unknown codes of one address in so many seconds that ban it, and for how many."""

WATCHED = 10_000
"""Addresses that are remembered at once."""


class Refused(Exception):
    """A connection that is not let in."""

    def __init__(self, error: Error, message: str) -> None:
        super().__init__(message)
        self.error = error


class Bucket:
    """Lets `RATE` requests a second pass, `BURST` at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = float(BURST)
        self._since = clock()

    def take(self) -> bool:
        """Count one; False when it is too many."""
        now = self._clock()
        self._left = min(float(BURST), self._left + (now - self._since) * RATE)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def source(address: str) -> str:
    """By what limits know an address: itself, or for IPv6 its /64, all of which is one customer's."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))


class Guesses:
    """Addresses from which passwords are guessed. clock: in seconds, never set back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failed: dict[str, deque[float]] = {}
        self._banned: dict[str, float] = {}

    def failed(self, address: str) -> None:
        """A password from there was wrong, or a code unknown."""
        key, now = source(address), self._clock()
        times = self._failed.pop(key, deque())
        while times and now - times[0] >= WITHIN:
            times.popleft()
        times.append(now)
        if len(times) >= GUESSES:
            _put(self._banned, key, now + BAN)
        else:
            _put(self._failed, key, times)

    def banned(self, address: str) -> bool:
        """True while nothing from there is looked at."""
        return self._banned.get(source(address), 0.0) > self._clock()


def _put(table: dict[str, T], key: str, value: T) -> None:
    """The address that has been quiet for longest is forgotten when there are too many."""
    table.pop(key, None)
    if len(table) >= WATCHED:
        del table[next(iter(table))]
    table[key] = value


class Place:
    """One connection's, from the first packet to the last."""

    def __init__(self, gate: Gate, address: str) -> None:
        self.address = address
        self._gate = gate
        self._opened = False
        self._left = False

    def opened(self) -> None:
        """Somebody has logged in."""
        if not self._opened and not self._left:
            self._opened = True
            self._gate.count_opened(self.address)

    def leave(self) -> None:
        """The connection is no more. Idempotent."""
        if not self._left:
            self._left = True
            self._gate.count_left(self.address, opened=self._opened)


class Gate:
    """Who may connect."""

    def __init__(self, guesses: Guesses) -> None:
        self._guesses = guesses
        self._all = 0
        self._not_open: Counter[str] = Counter()

    def enter(self, address: str) -> Place:
        """A place for a new connection from `address`. Raises Refused."""
        if self._guesses.banned(address):
            raise Refused(Error.BANNED, "too many wrong passwords: wait ten minutes")
        if self._all >= MOST:
            raise Refused(Error.TOO_MANY, f"{MOST} connections are open")
        if self._not_open.get(source(address), 0) >= MOST_NOT_OPEN:
            raise Refused(Error.TOO_MANY, f"{MOST_NOT_OPEN} connections of this address are not logged in")
        self._all += 1
        self._not_open[source(address)] += 1
        return Place(self, address)

    def count_opened(self, address: str) -> None:
        """One of that address has logged in."""
        key = source(address)
        self._not_open[key] -= 1
        if not self._not_open[key]:
            del self._not_open[key]

    def count_left(self, address: str, *, opened: bool) -> None:
        """One of that address has gone."""
        self._all -= 1
        if not opened:
            self.count_opened(address)
