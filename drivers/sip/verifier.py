"""Asking phones for their password, and checking what they answer (RFC 7616, RFC 3261 section 22.4)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.sip import digest

NONCE_LIFE = 300.0
"""Seconds that a nonce can be answered."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`user` is who has proved to know the password, empty when nobody has. Then `wrong` says that a password was
    tried, and `stale` that it was right, but for an old nonce or a request that had come before."""

    user: str = ""
    stale: bool = False
    wrong: bool = False


class Verifier:
    """One realm. Nonces are signed, not kept: only the counts of those in use are."""

    def __init__(
        self,
        realm: str,
        passwords: Mapping[str, str],
        algorithms: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        """clock: in seconds, never set back."""
        self._realm, self._passwords, self._algorithms, self._clock = realm, passwords, algorithms, clock
        self._key = secrets.token_bytes(32)
        self._counts: dict[str, int] = {}

    def challenges(self, *, stale: bool = False) -> list[str]:
        """Values of WWW-Authenticate, the preferred one first."""
        moment = f"{int(self._clock() * 1000):x}.{secrets.token_hex(8)}"
        nonce = f"{moment}.{self._signature(moment)}"
        suffix = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm={algorithm}{suffix}'
            for algorithm in self._algorithms
        ]

    def check(self, texts: Sequence[str], method: str, uri: str) -> Verdict:
        """Look at the values of Authorization of a request for `uri`."""
        for text in texts:
            given = digest.parse_parameters(text)
            if given.get("realm") == self._realm:
                return self._check(given, method, uri)
        return Verdict()

    def _check(self, given: Mapping[str, str], method: str, uri: str) -> Verdict:
        user, nonce, count = given.get("username", ""), given.get("nonce", ""), given.get("nc", "")
        age = self._age(nonce)
        if age is None or given.get("qop") != "auth" or not _same(given.get("uri", ""), uri):
            return Verdict(wrong=age is not None)
        algorithm = given.get("algorithm", "MD5")
        if algorithm.upper() not in (known.upper() for known in self._algorithms):
            return Verdict(wrong=True)
        proof = (method, given["uri"], nonce, count, given.get("cnonce", ""))
        password = self._passwords.get(user, self._key.hex())
        expected = digest.response_of(algorithm, user, self._realm, password, *proof)
        if not hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode()):
            return Verdict(wrong=True)
        if age > NONCE_LIFE or not self._is_new(nonce, count):
            return Verdict(stale=True)
        return Verdict(user)

    def _is_new(self, nonce: str, count: str) -> bool:
        """False for a request that somebody has recorded and sends again."""
        try:
            number = int(count, 16)
        except ValueError:
            return False
        if number <= self._counts.get(nonce, 0):
            return False
        if nonce not in self._counts:
            for old in [old for old in self._counts if (self._age(old) or 0) > NONCE_LIFE]:
                del self._counts[old]
        self._counts[nonce] = number
        return True

    def _age(self, nonce: str) -> float | None:
        """Seconds since we made it; None for one that we have not made."""
        moment, _, signature = nonce.rpartition(".")
        if not moment or not hmac.compare_digest(signature.encode(), self._signature(moment).encode()):
            return None
        return self._clock() - int(moment.partition(".")[0], 16) / 1000

    def _signature(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()[:24]


def _same(given: str, uri: str) -> bool:
    """True when two URIs are the same but for what some leave out: parameters, the usual port, the called user."""

    def plain(text: str) -> str:
        return text.partition(";")[0].partition("?")[0].removesuffix(":5060").lower()

    scheme, _, rest = plain(uri).partition(":")
    return plain(given) in (plain(uri), f"{scheme}:{rest.rpartition('@')[2]}")
