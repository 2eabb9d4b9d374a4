"""Passwords of agents: kept as argon2id hashes, never in clear."""

from __future__ import annotations

import re

HASH = re.compile(r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
"""The form of a hash (PHC string)."""

PASSES, KIBIBYTES, THREADS = 2, 19_456, 1
"""As OWASP advises, with one thread: when 150 agents come back after a restart, calls go on beside it.
Measured: 28 ms of one processor; the library's own choice 200 ms, spread over all of them."""


def hashed(password: str) -> str:
    """The argon2id hash of a password, with a salt of its own. Blocking: some 30 ms, 19 MiB."""
    from argon2 import PasswordHasher

    return PasswordHasher(PASSES, KIBIBYTES, THREADS).hash(password)


def fits(password_hash: str, password: str) -> bool:
    """Whether it is the hash of that password; nobody's, if it is no hash at all. Blocking, like `hashed`."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
    return True
