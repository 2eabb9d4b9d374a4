"""RTP packets (RFC 3550 §5.1)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from engine.audio.g711 import Law

RATE = 8000
FRAME = 160
"""Samples, and octets of G.711, in one packet: 20 ms."""
TICK = FRAME / RATE

PAYLOAD_TYPES: dict[Law, int] = {"PCMU": 0, "PCMA": 8}
LAWS: dict[int, Law] = {number: law for law, number in PAYLOAD_TYPES.items()}
"""Static payload types (RFC 3551 §6)."""

MARKER = 0x80
VERSION = 0x80
pack_header = struct.Struct("!BBHII").pack
_unpack_header = struct.Struct("!BBHII").unpack_from


class Packet(NamedTuple):
    """A received packet."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse(data: bytes) -> Packet | None:
    """The packet, or None for what is not RTP version 2 or is inconsistent with its own length.

    CSRC list, header extension and padding (RFC 3550 §5.1, §5.3.1) are skipped.
    """
    if len(data) < 12:
        return None
    first, second, sequence, timestamp, ssrc = _unpack_header(data)
    if first == VERSION:
        payload = data[12:]
    elif first >> 6 != 2:
        return None
    else:
        start, end = 12 + 4 * (first & 0x0F), len(data)
        if first & 0x10:
            if end < start + 4:
                return None
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & 0x20:
            if data[-1] == 0:
                return None
            end -= data[-1]
        if start > end:
            return None
        payload = data[start:end]
    return Packet(second & 0x7F, second >= MARKER, sequence, timestamp, ssrc, payload)


def after(one: int, other: int, bits: int = 32) -> int:
    """`one` − `other` on a circle of 2^bits, between −2^(bits−1) and 2^(bits−1) − 1: positive when `one` is newer."""
    half = 1 << (bits - 1)
    return (one - other + half & (half << 1) - 1) - half
