"""The RTP side of the tests' own user agent: raw sockets, none of the product's code (RFC 3550, RFC 4733)."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

FRAME = 160
"""Samples, and octets in G.711, of 20 ms."""

KEYS = "0123456789*#ABCD"


@dataclass(frozen=True)
class Packet:
    """One RTP packet as it came in; `arrival` is `time.monotonic()` in seconds."""

    arrival: float
    seq: int
    timestamp: int
    payload_type: int
    payload: bytes
    marker: bool
    ssrc: int


class RtpPort(asyncio.DatagramProtocol):
    """A UDP port that keeps every RTP packet and sends what it is told. Give `remote` before sending."""

    def __init__(self) -> None:
        self.received: list[Packet] = []
        self.remote: tuple[str, int] | None = None
        self.payload_type = 8
        self.dtmf: int | None = 101
        self.ssrc = 0x5EED
        self.seq = 1000
        self.timestamp = 50000
        self._arrived = asyncio.Event()
        self._transport: Any = None

    @classmethod
    async def open(cls, host: str = "127.0.0.1") -> RtpPort:
        """Bind any free port."""
        _, port = await asyncio.get_running_loop().create_datagram_endpoint(cls, local_addr=(host, 0))
        return port

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        arrival = time.monotonic()
        if len(data) >= 12 and data[0] >> 6 == 2:
            second, seq, timestamp, ssrc = struct.unpack_from("!xBHII", data)
            marker, payload_type = bool(second & 0x80), second & 0x7F
            self.received.append(Packet(arrival, seq, timestamp, payload_type, data[12:], marker, ssrc))
            self._arrived.set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self._transport.get_extra_info("sockname")

    def audio(self) -> list[Packet]:
        """The G.711 packets received so far, in order of arrival."""
        return [packet for packet in self.received if packet.payload_type in (0, 8)]

    async def wait_for(self, count: int = 1, timeout: float = 3.0) -> list[Packet]:
        """Wait until `count` packets have come in; TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    def send(self, payload: bytes, *, payload_type: int | None = None, marker: bool = False) -> None:
        """Send one packet of audio now and advance sequence number and timestamp by it."""
        number = self.payload_type if payload_type is None else payload_type
        self._emit(payload, number, self.timestamp, marker)
        self.timestamp += len(payload)

    async def stream(self, payload: bytes) -> None:
        """Send G.711 octets in frames of 20 ms on an absolute clock."""
        start = time.monotonic()
        for index in range(0, len(payload), FRAME):
            self.send(payload[index : index + FRAME])
            await asyncio.sleep(max(0.0, start + (index // FRAME + 1) * 0.02 - time.monotonic()))

    async def press(self, key: str, *, milliseconds: int = 100, drop: Collection[int] = ()) -> float:
        """Send one key as RFC 4733 events every 20 ms, the end three times.

        drop: indices of the packets that are lost on the way (0 is the first, with the marker).
        Returns when the first packet left, in `time.monotonic()` seconds.
        """
        assert self.dtmf is not None, "no telephone-event was negotiated"
        code, begun, index = KEYS.index(key), self.timestamp, 0
        start = first = time.monotonic()
        for elapsed in range(20, milliseconds + 1, 20):
            last = elapsed + 20 > milliseconds
            for _ in range(3 if last else 1):
                event = struct.pack("!BBH", code, (0x80 if last else 0) | 10, elapsed * 8)
                if index not in drop:
                    self._emit(event, self.dtmf, begun, index == 0)
                else:
                    self.seq += 1
                index += 1
            await asyncio.sleep(max(0.0, start + elapsed / 1000 - time.monotonic()))
        self.timestamp = begun + milliseconds * 8
        return first

    def _emit(self, payload: bytes, payload_type: int, timestamp: int, marker: bool) -> None:
        header = struct.pack(
            "!BBHII", 0x80, (marker << 7) | payload_type, self.seq & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc
        )
        self.seq += 1
        self._transport.sendto(header + payload, self.remote)

    def close(self) -> None:
        """Give the port back, if it was ever opened."""
        if self._transport is not None:
            self._transport.close()
