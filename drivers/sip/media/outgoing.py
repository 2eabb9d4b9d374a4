"""What a stream sends, as one RTP source: sequence numbers and timestamps that never step back."""

from __future__ import annotations

import secrets
import socket

from drivers.sip.media.address import Address
from drivers.sip.media.clock import Clock
from drivers.sip.media.kernel import Source
from drivers.sip.media.rtcp import Sent
from drivers.sip.media.rtp import FRAME, MARKER, VERSION, after, pack_header


class Outgoing(Source):
    """Frames of the clock, and packets that are not the clock's. It sends once it has an aim."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self.fd = sock.fileno()
        self.sequence = secrets.randbits(16)
        self.ssrc = secrets.randbits(32)
        self.origin = secrets.randbits(32)
        self.newest = self.origin + FRAME * (clock.tick - 1) & 0xFFFFFFFF
        self.audio_tick = -1
        self._socket = sock
        self._clock = clock
        self._to: Address = ("", 0)

    def due(self, number: int) -> int:
        """The timestamp of a tick of the clock."""
        return self.origin + FRAME * number & 0xFFFFFFFF

    def aim(self, host: str, port: int) -> None:
        """Send there from now on."""
        self._to = (host, port)
        super().aim(host, port)

    def frame(self, number: int, payload: bytes) -> int:
        """Send the frame of a tick, marked when the one before was not sent (RFC 3551 §4.1); its timestamp."""
        timestamp, payload_type = self.due(number), self.payload_type
        if self.audio_tick != number - 1:
            payload_type |= MARKER
            timestamp = self.resume()
        self.audio_tick = number
        self.sequence = sequence = self.sequence + 1 & 0xFFFF
        self.newest = timestamp
        self.packets += 1
        self.octets += FRAME
        self._send(pack_header(VERSION, payload_type, sequence, timestamp, self.ssrc) + payload)
        return timestamp

    def packet(self, payload_type: int, marker: bool, sequence: int, timestamp: int, payload: bytes) -> None:
        """Send a packet that is not the clock's."""
        if after(sequence, self.sequence, 16) > 0:
            self.sequence = sequence
        if after(timestamp, self.newest) > 0:
            self.newest = timestamp
        self.packets += 1
        self.octets += len(payload)
        second = MARKER | payload_type if marker else payload_type
        self._send(pack_header(VERSION, second, sequence, timestamp, self.ssrc) + payload)

    def resume(self) -> int:
        """The timestamp of now, after a gap: by the clock, but always later than what was sent."""
        timestamp = self.origin + FRAME * self._clock.tick & 0xFFFFFFFF
        missing = after(self.newest, timestamp) + FRAME
        if missing > 0:
            # A relayed source ran ahead of our clock: go on from there.
            self.origin = self.origin + missing & 0xFFFFFFFF
            timestamp = timestamp + missing & 0xFFFFFFFF
        return timestamp

    def so_far(self) -> Sent:
        """For RTCP."""
        return Sent(self.ssrc, self.newest, self.packets, self.octets)

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.sendto(packet, self._to)
        except OSError:
            return  # No route, or no room in the socket buffer: to RTP a lost packet like any other.
