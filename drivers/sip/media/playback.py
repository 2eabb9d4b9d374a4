"""Prompts in a worker: encoded clips read from the spool, and their way into 20 ms frames."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from drivers.sip.media.kernel import Piece
from drivers.sip.media.rtp import FRAME
from engine.audio.g711 import SILENCE, Law

CACHE_LIMIT = 64 << 20
"""Octets of encoded clips that a worker keeps: some 70 minutes in both laws."""


class ClipCache:
    """Encoded clips by key and law; the least recently used make room.

    A file of the spool is the clip in A-law followed by the same in µ-law.
    """

    def __init__(self, folder: Path, limit: int = CACHE_LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._clips: OrderedDict[str, dict[Law, bytes]] = OrderedDict()
        self.size = 0
        """Octets kept."""

    def get(self, key: str, law: Law) -> bytes:
        """Raises OSError when the spool does not have it."""
        clip = self._clips.get(key)
        if clip is None:
            data = (self._folder / key).read_bytes()
            half = len(data) // 2
            clip = self._clips[key] = {"PCMA": data[:half], "PCMU": data[half:]}
            self.size += len(data)
            while self.size > self._limit and len(self._clips) > 1:
                _, oldest = self._clips.popitem(last=False)
                self.size -= sum(map(len, oldest.values()))
        else:
            self._clips.move_to_end(key)
        return clip[law]


class Playback(Piece):
    """Clips that are being played, joined without a gap; only the end of the last one is padded with silence."""

    def __init__(
        self, play: int, keys: Sequence[str], law: Law, cache: ClipCache, *, barge_in: bool, loop: bool
    ) -> None:
        """Raises OSError when a clip is not in the spool."""
        self.play = play
        self.barge_in = barge_in
        self._keys = keys
        self._cache = cache
        self._loop = loop
        self._index = 0
        self.position = 0
        self.use(law)
        self.done = not any(self._clips)
        """True once the last sample has been handed out, or if there is none."""

    def use(self, law: Law) -> None:
        """Continue in another law."""
        self._silence = bytes([SILENCE[law]])
        self._clips = [self._cache.get(key, law) for key in self._keys]
        self.clip = self._clips[self._index] if self._clips else b""

    def frame(self) -> bytes:
        """The next 160 octets. Not after `done`."""
        clip = self.clip
        start = self.position
        end = self.position = start + FRAME
        if end < len(clip):
            return clip[start:end]
        frame = clip[start:]
        while self._next_clip():
            clip = self.clip = self._clips[self._index]
            missing = FRAME - len(frame)
            frame += clip[:missing]
            if missing < len(clip):
                self.position = missing
                return frame
        self.done = True
        return frame.ljust(FRAME, self._silence)

    def _next_clip(self) -> bool:
        self._index += 1
        if self._index == len(self._clips) and self._loop:
            self._index = 0
        return self._index < len(self._clips)
