"""A recording in a worker: a WAV file that stays playable whatever happens."""

from __future__ import annotations

import errno
import os
import struct
import wave
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.sip.media.rtp import RATE, Packet
from drivers.sip.media.track import Track
from engine.audio.g711 import LINEAR, Law, decode

if TYPE_CHECKING:
    from engine.lines.ports import EndedBy

HEADER = 44
"""Octets before the samples in a file of `wave`; two of the fields are lengths, at 4 and 40."""

BATCH = 800
"""Samples (100 ms) that are written at once: with what a `Track` holds back, a killed worker loses ≤ 0.2 s."""

_UNIT = 8
_LEVELS: dict[Law, bytes] = {
    law: bytes(min(abs(value) // _UNIT, 255) for value in values) for law, values in LINEAR.items()
}
SPEECH = 147 / _UNIT
"""Mean magnitude of a packet, in units of `_LEVELS`, from which it is speech: that of noise at −45 dBFS (RMS 184).
Line noise of the telephone network is below −50 dBFS, a quiet talker above −40."""


class Recorder:
    """Left (or only) channel: what is heard from the far end; right: what is sent to it.

    Written unbuffered to `path` + `.part`, with a header that is right after each write, and renamed at the end.
    The clock of a recording is the worker's; `now` is its monotonic time in seconds.
    """

    def __init__(
        self, number: int, path: Path, now: float, *, max_duration: float | None, silence: float | None, both: bool
    ) -> None:
        """Raises OSError when the file cannot be made."""
        self.number = number
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._started = now
        self._limit = None if max_duration is None else round(max_duration * RATE)
        self._silence = None if silence is None else round(silence * RATE)
        self._left = Track()
        self._right = Track() if both else None
        self._frame_size = 4 if both else 2
        self._speech_end = 0
        self._written = 0
        self._paused = False
        # Unbuffered: each write is in the kernel's hands when it returns, and survives kill -9.
        self._file = self._part.open("w+b", buffering=0)
        self._wave: wave.Wave_write = wave.open(self._file, "wb")  # noqa: SIM115 - closed by `abandon`
        self._wave.setnchannels(2 if both else 1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(RATE)
        try:
            self._wave.writeframes(b"")
        except OSError:
            self.abandon()
            raise

    def heard(self, packet: Packet, law: Law, now: float) -> None:
        """Audio has arrived."""
        if self._paused:
            return
        payload = packet.payload
        position = self._left.place(packet.ssrc, packet.timestamp, decode(payload, law), self._position(now))
        if position is not None and payload and sum(payload.translate(_LEVELS[law])) >= SPEECH * len(payload):
            self._speech_end = max(self._speech_end, position + len(payload))

    def sent(self, timestamp: int, payload: bytes, law: Law, now: float) -> None:
        """Audio has been sent."""
        if self._right is not None and not self._paused:
            self._right.place(0, timestamp, decode(payload, law), self._position(now))

    def pause(self, now: float, on: bool) -> None:
        """Leave out what is heard and sent from now on, or (`on` false) take it again: the file goes on where it
        stopped."""
        if on == self._paused:
            return
        if on:
            self._settle(self._end())
            for track in self._tracks():
                track.forget_source()
        else:
            self._started = now - self._end() / RATE
        self._paused = on

    def tick(self, now: float) -> EndedBy | None:
        """Write what is ready; why the recording is complete, if it is. Raises OSError."""
        if self._paused:
            return None
        position = self._position(now)
        for track in self._tracks():
            track.advance(position)
        ready = min(track.end for track in self._tracks())
        if self._limit is not None and ready >= self._limit:
            return "max_duration"
        if self._silence is not None and ready - self._speech_end >= self._silence:
            return "silence"
        if ready - self._written >= BATCH:
            self._write(ready)
        return None

    def finish(self, ended_by: EndedBy) -> float:
        """Complete the file and give it its name; seconds that it lasts. Raises OSError, having closed the file."""
        try:
            end = self._end()
            self._settle(end)
            self._write(end)
            self._wave.close()
            # An unbuffered write to a disk that is filling up may be short without an error.
            if self._part.stat().st_size < HEADER + self._written * self._frame_size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._part))
            if ended_by == "silence":
                self._cut(self._speech_end)
            self._part.rename(self._path)
        finally:
            self.abandon()
        return self._written / RATE

    def abandon(self) -> None:
        """Close the file as it is. Never raises."""
        for closable in (self._wave, self._file):
            with suppress(OSError):
                closable.close()

    def _end(self) -> int:
        """Where the recording ends if nothing more is heard or sent."""
        for track in self._tracks():
            track.settle_all()
        end = max(track.end for track in self._tracks())
        return end if self._limit is None else min(end, self._limit)

    def _settle(self, end: int) -> None:
        for track in self._tracks():
            track.settle(end)

    def _tracks(self) -> tuple[Track, ...]:
        return (self._left,) if self._right is None else (self._left, self._right)

    def _position(self, now: float) -> int:
        return int((now - self._started) * RATE)

    def _write(self, until: int) -> None:
        count = until - self._written
        samples = self._left.take(count)
        if self._right is not None:
            samples = _interleave(samples, self._right.take(count))
        self._wave.writeframes(samples)
        self._written = until

    def _cut(self, frames: int) -> None:
        """Shorten the file. `wave` cannot, so its two length fields are set here."""
        if frames >= self._written:
            return
        data = frames * self._frame_size
        self._file.truncate(HEADER + data)
        for offset, value in ((4, HEADER - 8 + data), (HEADER - 4, data)):
            self._file.seek(offset)
            self._file.write(struct.pack("<I", value))
        self._written = frames


def _interleave(left: bytes, right: bytes) -> bytes:
    frames = bytearray(2 * len(left))
    frames[0::4], frames[1::4] = left[0::2], left[1::2]
    frames[2::4], frames[3::4] = right[0::2], right[1::2]
    return bytes(frames)
