"""One direction of a bridge: packets of one stream sent out of another at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.sip.media.address import Address
from drivers.sip.media.kernel import Count, Path
from drivers.sip.media.rtp import Packet
from engine.audio.g711 import ALAW_TO_ULAW, ULAW_TO_ALAW, Law

if TYPE_CHECKING:
    from drivers.sip.media.stream import Stream

_TRANSLATION: dict[tuple[Law, Law], bytes] = {("PCMA", "PCMU"): ALAW_TO_ULAW, ("PCMU", "PCMA"): ULAW_TO_ALAW}


class Relay:
    """A translator (RFC 3550 §7.1) that hides the far source behind the outgoing stream's own.

    Sequence numbers and timestamps keep the source's steps, so that the receiver sees what was lost and in which
    order packets came, but continue from what the outgoing stream sent before.
    """

    def __init__(self, out: Stream, path: Path) -> None:
        """path: of the receiving stream; the kernel goes it while it is ready."""
        self.out = out
        self.path = path
        path.ready = False
        path.out = out.outgoing
        self._source: int | None = None

    def forward(self, packet: Packet, law: Law | None) -> None:
        """Send audio in `law` or (None) a telephone event on, an event only if the receiver has negotiated them.
        Nothing while the receiver is sent keys as tones."""
        out, path = self.out, self.path
        if out.sounding:
            self._source = None  # goes on where the tones have left off
            return
        marker = packet.marker
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            path.sequence = out.outgoing.sequence + 1 - packet.sequence & 0xFFFF
            path.timestamp = out.outgoing.resume() - packet.timestamp & 0xFFFFFFFF
            marker = True
        sequence = packet.sequence + path.sequence & 0xFFFF
        timestamp = packet.timestamp + path.timestamp & 0xFFFFFFFF
        if law is None:
            if out.dtmf is None:
                path.sequence = path.sequence - 1 & 0xFFFF
            else:
                out.emit(out.dtmf, marker, sequence, timestamp, packet.payload)
            return
        payload = packet.payload
        if law != out.codec:
            payload = payload.translate(_TRANSLATION[law, out.codec])
        out.emit(out.outgoing.payload_type, marker, sequence, timestamp, payload)
        if out.recorders.running:
            out.recorders.sent(timestamp, payload, out.codec, out.now)

    def pave(self, packet: Packet, law: Law, source: Address, count: Count | None) -> None:
        """Leave what comes like this packet from `source` to the kernel. count: what RTCP tells of it."""
        out, path = self.out, self.path
        path.expect(*source)
        path.payload_type, path.payload_out = packet.payload_type, out.outgoing.payload_type
        path.ssrc, path.count = packet.ssrc, count
        path.table = _TRANSLATION[law, out.codec] if law != out.codec else None
        path.ready = True

    def close(self) -> None:
        """The kernel knows the other stream no more."""
        self.path.ready = False
        self.path.out = self.path.count = self.path.left = None

    def made_room(self, packets: int) -> None:
        """The outgoing stream has sent packets of its own in between."""
        self.path.sequence = self.path.sequence + packets & 0xFFFF
