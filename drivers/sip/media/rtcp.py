"""RTCP of one stream (RFC 3550 §6): sender and receiver reports, from and to the port above that of RTP."""

from __future__ import annotations

import random
import secrets
import socket
import struct
import time
from contextlib import suppress
from typing import NamedTuple

from drivers.sip.media.address import Address
from drivers.sip.media.kernel import Count
from drivers.sip.media.rtp import RATE, Packet, after

INTERVAL = 5.0
"""Seconds between two reports, ± half at random; the first comes after half of them (§6.2)."""

_JUMP = RATE
"""Steps of the transit time above this many samples are a source that began anew, and no jitter."""
_SENDER, _RECEIVER, _DESCRIPTION, _GOODBYE = 200, 201, 202, 203
_CNAME = 1
_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""
_LARGEST = 2048

_head = struct.Struct("!BBHI")
_sender_info = struct.Struct("!IIIII")
_block = struct.Struct("!IIIIII")


class Sent(NamedTuple):
    """What a stream has sent so far, and the RTP timestamp of now."""

    ssrc: int
    timestamp: int
    packets: int
    octets: int


class Reception(Count):
    """One source, as all of its packets are heard (§6.4.1, appendices A.3 and A.8)."""

    def __init__(self, first: Packet, now: float) -> None:
        """now: monotonic seconds at which `first` arrived."""
        self.ssrc = first.ssrc
        self._base = self.highest = first.sequence
        self.received = 1
        self.jitter = 0.0
        self.transit = now * RATE - first.timestamp
        self._told = (0, 0)
        """Packets expected and received at the last report."""

    def heard(self, packet: Packet, now: float) -> None:
        """A packet has arrived."""
        self.received += 1
        step = after(packet.sequence, self.highest & 0xFFFF, 16)
        if step > 0:
            self.highest += step
        transit = now * RATE - packet.timestamp
        change, self.transit = abs(transit - self.transit), transit
        if change < _JUMP:
            self.jitter += (change - self.jitter) / 16

    def block(self, last_report: int, since: float) -> bytes:
        """The report block. last_report: the middle of the NTP time in the source's last sender report, or 0;
        since: seconds from then to now."""
        expected = self.highest - self._base + 1
        missing = expected - self.received
        newly_expected, newly_received = expected - self._told[0], self.received - self._told[1]
        self._told = (expected, self.received)
        fraction = 0
        if newly_expected > newly_received:
            fraction = min(255, (newly_expected - newly_received << 8) // newly_expected)
        lost = max(-0x800000, min(missing, 0x7FFFFF)) & 0xFFFFFF
        delay = min(round(since * 65536), 0xFFFFFFFF) if last_report else 0
        highest = self.highest & 0xFFFFFFFF
        return _block.pack(self.ssrc, fraction << 24 | lost, highest, int(self.jitter), last_report, delay)


class Control:
    """The RTCP socket of one stream. Nothing that comes in can do more than be noticed."""

    def __init__(self, host: str, port: int, *, dscp: int, now: float) -> None:
        """host, port: of the stream's RTP. Raises OSError when the port above it cannot be bound."""
        self._name = secrets.token_urlsafe(12).encode()
        """Random, and of this call only (RFC 7022 §4.2)."""
        self._due = now + self._interval() / 2
        self._packets = 0
        """Packets sent when last reported."""
        self._reporter: Address | None = None
        self._last_report = (0, 0.0)
        """Middle of the NTP time of the newest sender report, and when it came."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
            self.socket.bind((host, port + 1))
        except OSError:
            self.socket.close()
            raise

    def receive(self, host: str, now: float) -> bool:
        """Take one packet; True when it is RTCP from `host`."""
        try:
            data, source = self.socket.recvfrom(_LARGEST)
        except OSError:
            return False
        if source[0] != host or len(data) < 8 or data[0] >> 6 != 2 or data[1] not in (_SENDER, _RECEIVER):
            return False
        self._reporter = source
        if data[1] == _SENDER and len(data) >= 28:
            self._last_report = (int.from_bytes(data[10:14], "big"), now)
        return True

    def report(self, remote: Address, now: float, sent: Sent, reception: Reception | None) -> None:
        """Send a report if one is due. remote: where RTP goes."""
        if now < self._due:
            return
        self._due = now + self._interval()
        self._send(remote, self._compound(now, sent, reception))

    def leave(self, remote: Address | None, now: float, sent: Sent) -> None:
        """Say goodbye, if anything was ever sent (§6.3.7), and close the socket."""
        if remote is not None and sent.packets:
            goodbye = _head.pack(0x81, _GOODBYE, 1, sent.ssrc)
            self._send(remote, self._compound(now, sent, None) + goodbye)
        self.socket.close()

    def _send(self, remote: Address, data: bytes) -> None:
        to = (remote[0], remote[1] + 1)
        if self._reporter is not None and self._reporter[0] == remote[0]:
            to = self._reporter
        with suppress(OSError, OverflowError):
            self.socket.sendto(data, to)

    def _compound(self, now: float, sent: Sent, reception: Reception | None) -> bytes:
        """A report and who we are (§6.1)."""
        block = b""
        if reception is not None:
            middle, came = self._last_report
            block = reception.block(middle, now - came)
        kind, info = _RECEIVER, b""
        if sent.packets != self._packets:
            self._packets = sent.packets
            wall = time.time() + _EPOCH
            fraction = int(wall % 1 * 0x100000000)
            octets = sent.octets & 0xFFFFFFFF
            kind = _SENDER
            info = _sender_info.pack(int(wall), fraction, sent.timestamp, sent.packets & 0xFFFFFFFF, octets)
        words = 1 + (len(info) + len(block)) // 4
        report = _head.pack(0x81 if block else 0x80, kind, words, sent.ssrc) + info + block
        item = bytes([_CNAME, len(self._name)]) + self._name
        item += bytes(4 - len(item) % 4)  # at least one octet that ends the list (§6.5)
        return report + _head.pack(0x81, _DESCRIPTION, 1 + len(item) // 4, sent.ssrc) + item

    @staticmethod
    def _interval() -> float:
        return INTERVAL * (0.5 + random.random())  # noqa: S311 - spreads the load, hides nothing
