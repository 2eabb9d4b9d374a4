"""One direction of sound on a line of samples, placed by RTP timestamp."""

from __future__ import annotations

from drivers.sip.media.rtp import RATE, after

REORDERED = 480
"""A gap is given up once this many samples (60 ms) after it have arrived."""
SILENT = 1600
"""Samples (200 ms) without a packet after which the line is filled with silence up to that long ago."""
JUMP = RATE
"""A packet that claims a place more than this many samples (1 s) off is from a source that began anew."""


class Track:
    """Positions count samples from the start of the recording.

    What is contiguous is ready at once, however late it arrives; only gaps wait: 60 ms for packets out of order,
    200 ms for a sender that says nothing. A packet that then comes, in order but later than that, is put at the end,
    so that a stalled network or a slow sender's clock costs silence and no sound.
    """

    def __init__(self) -> None:
        self.start = 0
        """Position of the first sample not taken yet."""
        self._line = bytearray()
        self._early: dict[int, bytes] = {}
        self._newest: tuple[int, int, int] | None = None
        """SSRC, timestamp and position of the newest packet."""

    @property
    def end(self) -> int:
        """Position after the last contiguous sample."""
        return self.start + len(self._line) // 2

    def place(self, ssrc: int, timestamp: int, samples: bytes, now: int) -> int | None:
        """Place a packet that arrived when the line should be `now` long.

        Returns its position, None if it is a repetition or too late to matter.
        """
        count = len(samples) // 2
        step = after(timestamp, self._newest[1]) if self._newest and self._newest[0] == ssrc else None
        position = None if step is None or self._newest is None else self._newest[2] + step
        end = self.end
        if position is None or abs(position - now) > JUMP:
            position = max(end, now - count)
        elif step is not None and step > 0:
            position = max(position, end)
        elif position < end or position in self._early:
            return None
        if self._newest is None or position > self._newest[2]:
            self._newest = (ssrc, timestamp, position)
        if position == end:
            self._line += samples
            self._join()
        else:
            self._early[position] = samples
            newest = max(self._early)
            if newest + len(self._early[newest]) // 2 - end > REORDERED + count:
                self._fill(min(self._early))
                self._join()
        return position

    def advance(self, now: int) -> None:
        """Time has passed: nothing is awaited that should have been there 200 ms ago."""
        if now - self.end > SILENT:
            self.settle(now - SILENT)

    def settle(self, until: int) -> None:
        """Give up every gap before `until`, and reach it."""
        while self._early and min(self._early) <= until:
            self._fill(min(self._early))
            self._join()
        self._fill(until)

    def settle_all(self) -> None:
        """Give up every gap."""
        while self._early:
            self.settle(min(self._early))

    def forget_source(self) -> None:
        """The next packet belongs at the time at which it comes, whatever its timestamp says."""
        self._newest = None

    def take(self, count: int) -> bytes:
        """Remove and return the next `count` samples, of those that are ready."""
        samples = bytes(self._line[: 2 * count])
        del self._line[: 2 * count]
        self.start += len(samples) // 2
        return samples

    def _fill(self, until: int) -> None:
        self._line += bytes(2 * max(0, until - self.end))

    def _join(self) -> None:
        """Append what has become contiguous."""
        while self._early and (position := min(self._early)) <= self.end:
            samples = self._early.pop(position)
            self._line += samples[2 * (self.end - position) :]
