"""Digest authentication: answering a challenge, and reading what both sides write (RFC 7616, RFC 8760).

Algorithms are MD5 and SHA-256, with `qop=auth` or, for MD5, none at all (RFC 2069; old exchanges ask for it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}

_PARAMETER = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)\s*')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What somebody wants a password for."""

    realm: str
    nonce: str
    algorithm: str = ""
    """As it was written; empty when it was not, which means MD5."""
    qop: bool = True
    opaque: str | None = None
    stale: bool = False
    """The password was right, the nonce too old."""


def parse_parameters(text: str) -> dict[str, str]:
    """The parameters of a Digest challenge or answer, names in lower case; empty when it is none."""
    scheme, _, rest = text.strip().partition(" ")
    rest, found, at = rest.strip(), dict[str, str](), 0
    if scheme.lower() != "digest":
        return {}
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None:
            return {}
        value = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        found[match[1].lower()] = value
        at = match.end()
    return found


def parse_challenge(text: str) -> Challenge | None:
    """Read WWW-Authenticate or Proxy-Authenticate; None for one that cannot be answered."""
    values = parse_parameters(text)
    qop = "qop" in values
    algorithm = values.get("algorithm", "")
    known = (algorithm or "md5").lower() in _HASHES
    offered = {part.strip().lower() for part in values.get("qop", "").split(",")}
    if "nonce" not in values or not known or (qop and "auth" not in offered):
        return None
    if not qop and algorithm.lower() not in ("", "md5"):
        return None  # RFC 8760 section 2.6
    stale = values.get("stale", "").lower() == "true"
    return Challenge(values.get("realm", ""), values["nonce"], algorithm, qop, values.get("opaque"), stale)


def choose(texts: Iterable[str], realm: str = "") -> Challenge | None:
    """The first challenge that can be answered, which is the one preferred (RFC 8760 section 2.4); of `realm` only,
    if one is given."""
    challenges = filter(None, map(parse_challenge, texts))
    return next((challenge for challenge in challenges if realm in ("", challenge.realm)), None)


def answer(
    challenge: Challenge, user: str, password: str, method: str, uri: str, *, count: int = 1, cnonce: str
) -> str:
    """The value of Authorization. count: requests sent with this nonce, this one included."""
    nc = f"{count:08x}"
    values = [("username", user), ("realm", challenge.realm), ("nonce", challenge.nonce), ("uri", uri)]
    proof = (nc, cnonce) if challenge.qop else ("", "")
    response = response_of(challenge.algorithm, user, challenge.realm, password, method, uri, challenge.nonce, *proof)
    values.append(("response", response))
    if challenge.opaque is not None:
        values.append(("opaque", challenge.opaque))
    parts = [f'{name}="{_escaped(value)}"' for name, value in values]
    parts += [f"algorithm={challenge.algorithm}"] if challenge.algorithm else []
    parts += [f'qop=auth, nc={nc}, cnonce="{cnonce}"'] if challenge.qop else []
    return f"Digest {', '.join(parts)}"


def response_of(
    algorithm: str,
    user: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    nonce: str,
    nc: str = "",
    cnonce: str = "",
) -> str:
    """The proof that the password is known (RFC 7616 section 3.4.1); without `nc`, as before there was a qop.
    Raises KeyError for an unknown algorithm."""
    new = _HASHES[(algorithm or "md5").lower()]

    def digest(*parts: str) -> str:
        return new(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret, request = digest(user, realm, password), digest(method, uri)
    return digest(secret, nonce, nc, cnonce, "auth", request) if nc else digest(secret, nonce, request)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
