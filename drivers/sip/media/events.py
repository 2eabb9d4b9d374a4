"""Telephone keys in RTP (RFC 4733)."""

from __future__ import annotations

import struct
from collections import deque
from typing import NamedTuple

from drivers.sip.media.rtp import FRAME, Packet, after

KEYS = "0123456789*#ABCD"
"""Indexed by event code (RFC 4733 §3.2, table 3)."""
FLASH = "!"
SENT = KEYS + FLASH
"""What can be sent: 16 is a hook-flash (RFC 2833 §3.10, kept by RFC 4733 §7.1)."""

_END = 0x80
_VOLUME = 10
"""−10 dBm0, what telephones send."""
_REMEMBERED = 16
PRESS = 5
"""Ticks that a key lasts, and ticks of pause between two keys: 100 ms."""
_END_PACKETS = 3
"""The last packet is sent three times (RFC 4733 §2.5.1.4)."""

_payload = struct.Struct("!BBH")


class KeyDetector:
    """Finds the key presses in received events, each at its first packet, whichever that is.

    All packets of one event carry its start as timestamp (RFC 4733 §2.2.2), so the source and the timestamp name a
    press, even if the packet with the marker was lost or an old packet arrives late. An event longer than 65,535
    samples is continued by another one that begins where it ended (§2.5.1.3): still one press.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._open: tuple[int, int, int] | None = None
        """Source, code and end of the newest event, as far as it has been heard; None once it has ended."""

    def key(self, packet: Packet) -> str | None:
        """The key that this packet is the first to tell of, if any. Other events than keys are no error."""
        if len(packet.payload) < _payload.size:
            return None
        code, flags, duration = _payload.unpack_from(packet.payload)
        if code >= len(KEYS):
            return None
        name = (packet.ssrc, packet.timestamp)
        new = name not in self._seen
        continued = new and self._open == (packet.ssrc, code, packet.timestamp)
        if new:
            self._seen.append(name)
        if name == self._seen[-1]:
            end = packet.timestamp + duration & 0xFFFFFFFF
            self._open = None if flags & _END else (packet.ssrc, code, end)
        return KEYS[code] if new and not continued else None


class EventPacket(NamedTuple):
    """One packet to send instead of audio: the `tick`th of `key`, from 0."""

    payload: bytes
    marker: bool
    timestamp: int
    key: str
    tick: int


class _Press(NamedTuple):
    """A key to send; `request` is the command to answer when it has been, `series` what that command is called."""

    code: int
    series: int
    request: int | None


class KeySender:
    """The packets that press keys, tick by tick: 100 ms each, 100 ms apart, also from one command to the next."""

    def __init__(self) -> None:
        self._queue: deque[_Press] = deque()
        self._tick = 0
        """0: between two keys; then ticks since a key began."""
        self._start = 0

    @property
    def busy(self) -> bool:
        """True while `tick` has to be called."""
        return bool(self._queue) or self._tick > 0

    def press(self, keys: str, series: int, request: int | None) -> None:
        """Send keys, each one of `SENT`, after those that wait."""
        for index, key in enumerate(keys, 1):
            self._queue.append(_Press(SENT.index(key), series, request if index == len(keys) else None))

    def withdraw(self, series: int) -> None:
        """Forget the keys of a series; one that is being sent ends at the next tick."""
        pressed = 0 < self._tick < PRESS
        kept = [press for press in self._queue if press.series != series]
        if pressed and self._queue[0].series == series:
            kept.insert(0, self._queue[0]._replace(request=None))
            self._tick = PRESS - 1
        self._queue = deque(kept)

    def waiting(self) -> list[int]:
        """The commands not answered yet."""
        return [press.request for press in self._queue if press.request is not None]

    def tick(self, timestamp: int) -> tuple[list[EventPacket], int | None]:
        """Packets of this tick, whose RTP timestamp is given, and the command that is done with them, if any.

        There are no packets in the pause between two keys.
        """
        tick, self._tick = self._tick, (self._tick + 1) % (2 * PRESS)
        if tick >= PRESS:
            return [], None
        if tick == 0:
            self._start = timestamp
        press = self._queue[0]
        last = tick == PRESS - 1
        # Measured and not counted: after a stall of the clock the key has lasted longer.
        duration = min(after(timestamp, self._start) + FRAME, 0xFFFF)
        payload = _payload.pack(press.code, _VOLUME | (_END if last else 0), duration)
        packet = EventPacket(payload, tick == 0, self._start, SENT[press.code], tick)
        if not last:
            return [packet], None
        self._queue.popleft()
        return [packet] * _END_PACKETS, press.request
