"""How many may be connected, how fast they may ask, and who has guessed too often."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from engine.server.link.protocol import Error

K = TypeVar("K")
V = TypeVar("V")

MOST = 1_000
"""Connections."""

MOST_NOT_OPEN = 20
"""Connections of one address on which nobody has logged in yet."""

RATE, BURST = 20.0, 40
"""Requests a second, and at once."""

GUESSES, GUESSES_OF_ADDRESS, WITHIN, BAN = 10, 100, 600.0, 600.0
"""Wrong proofs of one code from one address, and of all from there, in so many seconds that ban them, and for how
many."""

WATCHED = 10_000
"""Addresses that are remembered at once, and codes from addresses."""


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
    """Who guesses passwords, codes and tokens. Many sit behind one address: what is guessed too often is shut out by
    itself, and the address only when much is guessed from there. clock: in seconds, never set back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._addresses: _Counts[str] = _Counts(clock, GUESSES_OF_ADDRESS)
        self._pairs: _Counts[tuple[str, str]] = _Counts(clock, GUESSES)

    def failed(self, address: str, whose: str) -> None:
        """A password from there was wrong, or a code or token unknown. whose: the code, or what `known_as` makes of
        the token."""
        key = source(address)
        self._addresses.count(key)
        self._pairs.count((key, whose))

    def succeeded(self, address: str, whose: str) -> None:
        """They have proved who they are: what went before was a slip."""
        self._pairs.forget((source(address), whose))

    def banned(self, address: str, whose: str | None = None) -> bool:
        """True while nothing from there is looked at, or nothing that claims to be `whose`."""
        key = source(address)
        return self._addresses.full(key) or (whose is not None and self._pairs.full((key, whose)))


def known_as(token: str) -> str:
    """By what `Guesses` knows a token that nobody has: it tells nothing of the token, and is no agent's code."""
    return "token " + hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class _Counts(Generic[K]):
    """Failures of each key within `WITHIN`; with `most` of them it is full for `BAN`."""

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        self._clock = clock
        self._most = most
        self._failed: dict[K, deque[float]] = {}
        self._full: dict[K, float] = {}

    def count(self, key: K) -> None:
        now = self._clock()
        times = self._failed.pop(key, deque())
        while times and now - times[0] >= WITHIN:
            times.popleft()
        times.append(now)
        if len(times) >= self._most:
            _put(self._full, key, now + BAN)
        else:
            _put(self._failed, key, times)

    def forget(self, key: K) -> None:
        self._failed.pop(key, None)

    def full(self, key: K) -> bool:
        return self._full.get(key, 0.0) > self._clock()


def _put(table: dict[K, V], key: K, value: V) -> None:
    """What has been quiet for longest is forgotten when there is too much."""
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
