"""Symmetric RTP (RFC 4961): packets go where packets come from, within limits."""

from __future__ import annotations

from ipaddress import IPv4Address

Address = tuple[str, int]

PATIENCE = 0.5
"""Seconds without a packet after which the same source (SSRC) is followed to another port."""

DEAD = 5.0
"""Seconds without a packet after which another source on the signalled host is believed."""


class Remote:
    """Where a stream sends to, and from whom it takes packets.

    The signalled address is always believed. Another port of the signalled host is followed if nothing has ever been
    heard, after 0.5 s of silence if the SSRC is the one known (a NAT or a gateway that changed its port), after 5 s
    otherwise: a party on the same host that merely pauses is not replaced. Another host is followed only if the
    signalled address is private (RFC 1918), which a caller behind a NAT sends by mistake, and nothing has come from
    it: no one can take over a stream that is flowing, or one whose address is public.
    """

    def __init__(self, host: str, port: int) -> None:
        """host: an IPv4 address; 0.0.0.0 while nothing is known of the far end but that it will send.
        Raises ValueError for another."""
        address = IPv4Address(host)
        self.signalled: Address = (host, port)
        self.address: Address = self.signalled
        self._elsewhere = address.is_private and not address.is_loopback
        self._source: Address | None = None
        self._ssrc = b""
        self.heard = 0.0
        """Monotonic seconds at which the newest packet came."""

    def admit(self, source: Address, now: float, ssrc: bytes = b"") -> bool:
        """True when a valid packet from `source` belongs to the stream. `now`: monotonic seconds. `ssrc`: the
        packet's, as it is on the wire."""
        if source != self._source:
            if source != self.signalled and not self._may_follow(source, now, ssrc):
                return False
            self._source = self.address = source
        self._ssrc = ssrc
        self.heard = now
        return True

    def notice(self, source: Address, now: float) -> None:
        """A packet has come that is not of the stream's kinds, comfort noise say: whoever it is from is there."""
        if source == self._source:
            self.heard = now

    def _may_follow(self, source: Address, now: float, ssrc: bytes) -> bool:
        if source[0] == self.signalled[0]:
            return self._source is None or now - self.heard >= (PATIENCE if ssrc == self._ssrc else DEAD)
        return self._elsewhere and self._source is None
