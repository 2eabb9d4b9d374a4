"""What `_kernel.c` does, in Python, where that was not compiled; and what its fields are.

The kernel sends the frames and relays the packets that need no thought; here none is such, and all is left to the
caller. Everything beyond the hot part is written once, in subclasses of these.
"""

from __future__ import annotations

import select
import time

BATCH = 64
"""Sockets looked at, a packet each, before the clock is."""

HANDS, SEND, REST = 0, 1, 2
"""What the kernel does with a source at a tick: leave it to `Stream.tick`; send a frame; nothing."""


class Piece:
    """What is played: octets of G.711."""

    clip: bytes
    position: int
    """Of the next frame in `clip`; all up to the last but the end is the kernel's."""


class Source:
    """What is sent from one socket."""

    fd: int
    mode: int = HANDS
    payload_type: int
    """Of the frames."""
    sequence: int
    """Of the newest packet sent."""
    ssrc: int
    origin: int
    """RTP timestamp of tick 0 of the clock."""
    newest: int
    """Newest timestamp sent."""
    audio_tick: int
    """Tick of the newest frame sent."""
    packets: int = 0
    octets: int = 0
    silence: bytes
    """A frame of it."""
    playback: Piece | None = None

    def aim(self, host: str, port: int) -> None:
        """Send there from now on."""


class Count:
    """What RTCP tells of a source heard (RFC 3550 §6.4.1)."""

    highest: int
    """Sequence number, and above its 16 bits how often they have turned over."""
    received: int
    jitter: float
    transit: float


class Path:
    """The way of received audio out of another stream."""

    fd: int
    ready: bool = False
    """True while the kernel may forward what fits the fields below, which is to say that nobody else wants it."""
    payload_type: int
    payload_out: int
    ssrc: int
    sequence: int = 0
    """Added to the sequence numbers of `ssrc`, modulo 2^16, and so the next to its timestamps, modulo 2^32."""
    timestamp: int = 0
    heard: float = 0.0
    """Monotonic seconds when the kernel forwarded the last packet."""
    out: Source | None = None
    count: Count | None = None
    table: bytes | None = None
    """256 octets, from one law to the other."""
    left: tuple[bytes, tuple[str, int]] | None = None
    """A packet that was read and did not fit, and whence it came."""

    def expect(self, host: str, port: int) -> None:
        """The packets that fit come from there."""


def tick(sources: list[Source], number: int) -> list[int]:
    """Send the frames of a tick; the indices of the sources that are left to the caller."""
    return list(range(len(sources)))


def serve(epoll: select.epoll, paths: dict[int, Path], until: float, gather: float) -> list[int]:
    """Relay until there is something else to do: until it is `until` (monotonic seconds), or sockets have something
    to read that is left to the caller, and are returned. paths: by descriptor. gather: seconds for which packets may
    wait for others, so that it is woken up once for many; 0: none."""
    ready = epoll.poll(0, BATCH)
    wait = until - time.monotonic()
    if not ready and wait > 0:
        # epoll counts time-outs in milliseconds; select, told to watch the epoll, in microseconds.
        if gather > 0:
            time.sleep(min(wait, gather))
        else:
            select.select((epoll.fileno(),), (), (), wait)
        ready = epoll.poll(0, BATCH)
    return [descriptor for descriptor, _ in ready]
