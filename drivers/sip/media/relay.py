"""One direction of a bridge: packets of one stream sent out of another at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def __init__(self, out: Stream) -> None:
        self.out = out
        self._source: int | None = None
        self._sequence = 0
        self._timestamp = 0

    def forward(self, packet: Packet, law: Law | None) -> None:
        """Send audio in `law` or (None) a telephone event on, an event only if the receiver has negotiated them."""
        out = self.out
        marker = packet.marker
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            self._sequence = out.outgoing.sequence + 1 - packet.sequence
            self._timestamp = out.outgoing.resume() - packet.timestamp
            marker = True
        sequence = packet.sequence + self._sequence & 0xFFFF
        timestamp = packet.timestamp + self._timestamp & 0xFFFFFFFF
        if law is None:
            if out.dtmf is None:
                self._sequence -= 1
            else:
                out.emit(out.dtmf, marker, sequence, timestamp, packet.payload)
            return
        payload = packet.payload
        if law != out.codec:
            payload = payload.translate(_TRANSLATION[law, out.codec])
        out.emit(out.payload_type, marker, sequence, timestamp, payload)
        if out.recorders.running:
            out.recorders.sent(timestamp, payload, out.codec, out.now)

    def made_room(self, packets: int) -> None:
        """The outgoing stream has sent packets of its own in between."""
        self._sequence += packets
