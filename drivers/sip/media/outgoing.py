"""What a stream sends, as one RTP source: sequence numbers and timestamps that never step back."""

from __future__ import annotations

import secrets
import socket

from drivers.sip.media.address import Address
from drivers.sip.media.clock import Clock
from drivers.sip.media.rtcp import Sent
from drivers.sip.media.rtp import FRAME, MARKER, VERSION, after, pack_header


class Outgoing:
    """Frames of the clock, and packets that are not the clock's."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self.sequence = secrets.randbits(16)
        """Of the newest packet sent."""
        self._socket = sock
        self._clock = clock
        self._ssrc = secrets.randbits(32)
        self._origin = secrets.randbits(32)
        """RTP timestamp of tick 0 of the clock."""
        self._newest = self._origin + FRAME * (clock.tick - 1) & 0xFFFFFFFF
        """Newest timestamp sent."""
        self._audio_tick = -1
        """Tick of the newest frame sent."""
        self._packets = self._octets = 0

    def due(self, number: int) -> int:
        """The timestamp of a tick of the clock."""
        return self._origin + FRAME * number & 0xFFFFFFFF

    def frame(self, number: int, payload_type: int, payload: bytes, to: Address) -> int:
        """Send the frame of a tick, marked when the one before was not sent (RFC 3551 §4.1); its timestamp."""
        timestamp = self._origin + FRAME * number & 0xFFFFFFFF
        if self._audio_tick != number - 1:
            payload_type |= MARKER
            timestamp = self.resume()
        self._audio_tick = number
        self.sequence = sequence = self.sequence + 1 & 0xFFFF
        self._newest = timestamp
        self._packets += 1
        self._octets += FRAME
        self._send(pack_header(VERSION, payload_type, sequence, timestamp, self._ssrc) + payload, to)
        return timestamp

    def packet(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, payload: bytes, to: Address
    ) -> None:
        """Send a packet that is not the clock's."""
        if after(sequence, self.sequence, 16) > 0:
            self.sequence = sequence
        if after(timestamp, self._newest) > 0:
            self._newest = timestamp
        self._packets += 1
        self._octets += len(payload)
        second = MARKER | payload_type if marker else payload_type
        self._send(pack_header(VERSION, second, sequence, timestamp, self._ssrc) + payload, to)

    def resume(self) -> int:
        """The timestamp of now, after a gap: by the clock, but always later than what was sent."""
        timestamp = self._origin + FRAME * self._clock.tick & 0xFFFFFFFF
        missing = after(self._newest, timestamp) + FRAME
        if missing > 0:
            # A relayed source ran ahead of our clock: go on from there.
            self._origin = self._origin + missing & 0xFFFFFFFF
            timestamp = timestamp + missing & 0xFFFFFFFF
        return timestamp

    def so_far(self) -> Sent:
        """For RTCP."""
        return Sent(self._ssrc, self._newest, self._packets, self._octets)

    def _send(self, packet: bytes, to: Address) -> None:
        try:
            self._socket.sendto(packet, to)
        except OSError:
            return  # No route, or no room in the socket buffer: to RTP a lost packet like any other.
