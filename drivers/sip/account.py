"""How a call by a trunk or to a registered phone differs from one to a plain address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """`next_hop` is the IPv4 address and port that the INVITE is sent to, whatever its URI says."""

    next_hop: tuple[str, int]
    user: str = ""
    """Answers challenges, with `password`; of `realm` only, if there is one."""
    password: str = field(default="", repr=False)
    realm: str = ""
    from_user: str = ""
    from_host: str = ""
    """Our own address when empty."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers of the INVITE."""
    patience: float | None = None
    """Seconds without any response after which another line is to be tried; None: as long as it takes."""
    routes: tuple[str, ...] = ()
    """Values of its Route headers, in order."""
    uri: str = ""
    """The request line's URI with its parameters, when they matter."""
