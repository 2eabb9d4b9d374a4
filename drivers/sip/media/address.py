"""Symmetric RTP (RFC 4961): packets go where packets come from, within limits."""

from __future__ import annotations

from ipaddress import IPv4Address

Address = tuple[str, int]

PATIENCE = 0.5
"""Seconds without a packet after which a source may be followed by another."""


class Remote:
    """Where a stream sends to, and from whom it takes packets.

    The signalled address is always believed. Another port of the signalled host is followed if nothing has been heard
    for 0.5 s (or ever): a NAT or a gateway that changed its port. Another host is followed only if the signalled
    address is private (RFC 1918), which a caller behind a NAT sends by mistake, and nothing has come from it: no
    one can take over a stream that is flowing, or one whose address is public.
    """

    def __init__(self, host: str, port: int) -> None:
        """host: an IPv4 address; 0.0.0.0 means: send nothing (RFC 3264 §8.4). Raises ValueError for another."""
        address = IPv4Address(host)
        self.signalled: Address = (host, port)
        self.address: Address | None = None if address.is_unspecified or port == 0 else self.signalled
        self._elsewhere = address.is_private and not address.is_loopback
        self._source: Address | None = None
        self._heard = 0.0

    def admit(self, source: Address, now: float) -> bool:
        """True when a valid packet from `source` belongs to the stream. `now`: monotonic seconds."""
        if source != self._source:
            if source != self.signalled and not self._may_follow(source, now):
                return False
            self._source = source
            if self.address is not None:
                self.address = source
        self._heard = now
        return True

    def _may_follow(self, source: Address, now: float) -> bool:
        if source[0] == self.signalled[0]:
            return self._source is None or now - self._heard >= PATIENCE
        return self._elsewhere and self._source is None
