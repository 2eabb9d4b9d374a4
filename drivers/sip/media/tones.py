"""Telephone keys as tones in the audio, heard and sent, for far ends without telephone events (ITU-T Q.23, Q.24)."""

from __future__ import annotations

import math
from functools import cache
from operator import mul

from drivers.sip.media.rtp import FRAME, RATE
from engine.audio.g711 import LINEAR, Law, encode_by_hand

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
"""Hertz: a key is one of each."""
KEYS = ("123A", "456B", "789C", "*0#D")
"""By low, then by high frequency."""

BLOCK = 102
"""Samples (12.75 ms) looked at together: a bandwidth of 78 Hz, which is the distance between two frequencies."""
HOP = 51
"""Samples from one block to the next."""
BEGIN = END = 4
"""Equal blocks in a row that begin a key, and blocks without it that end it. 40 ms of a tone or of silence hold as
many wherever they begin; 20 ms of a tone, or 8 ms of silence within a key, never."""

_QUIETEST = 350.0**2 * BLOCK
"""Energy of a block at about −33 dBm0 a tone."""
_PURE = 0.63
"""Part of the energy that must be in the two tones. A tone 1.5 % off is seen at 0.72; speech has it elsewhere."""
_TWIST = 10**1.05
"""How much stronger than the other either tone may seem: 10.5 dB, so that 8 dB pass in spite of leakage."""
_WEAKEST = _PURE / (1 + _TWIST)
"""Part of the energy that each tone has at least."""
_ALONE = 6.0
"""How much stronger than any other of its group a tone must be."""


def _wave(hertz: int) -> tuple[list[float], list[float]]:
    angles = [2 * math.pi * hertz / RATE * n for n in range(BLOCK)]
    return [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]


_WAVES = tuple(tuple(map(_wave, group)) for group in (LOW, HIGH))


LEVELS = (0.25, 0.3)
"""Amplitudes of the low and the high frequency as they are sent, 1.0 being full scale: −9 and −7.4 dBm0."""


@cache
def key_frames(key: str, law: Law, count: int) -> tuple[bytes, ...]:
    """A key as `count` frames of sound. Raises ValueError for what is no key."""
    row = next((index for index, keys in enumerate(KEYS) if key in keys), None)
    if row is None:
        raise ValueError(f"{key!r} is no tone: the far end takes no telephone events")
    low, high = (2 * math.pi * hertz / RATE for hertz in (LOW[row], HIGH[KEYS[row].index(key)]))
    samples = (
        round(32767 * (LEVELS[0] * math.sin(low * n) + LEVELS[1] * math.sin(high * n))) for n in range(count * FRAME)
    )
    codes = encode_by_hand(samples, law)
    return tuple(codes[start : start + FRAME] for start in range(0, len(codes), FRAME))


class ToneDetector:
    """Costs some 5 ms of CPU for a second of speech and next to nothing for silence."""

    def __init__(self) -> None:
        self._samples: list[int] = []
        self._candidate = ""
        self._count = 0
        """Blocks in a row with the candidate."""
        self._pressed = ""
        self._missed = 0

    def keys(self, payload: bytes, law: Law) -> str:
        """The keys that are recognised with this audio, each once, when it has lasted for 32 ms."""
        self._samples += map(LINEAR[law].__getitem__, payload)
        found = ""
        while len(self._samples) >= BLOCK:
            block = self._samples[:BLOCK]
            del self._samples[:HOP]
            found += self._step(_key(block))
        return found

    def _step(self, key: str) -> str:
        self._count = self._count + 1 if key == self._candidate else 1
        self._candidate = key
        self._missed = 0 if key == self._pressed else self._missed + 1
        if self._missed >= END:
            self._pressed = ""
        if key and key != self._pressed and self._count == BEGIN:
            self._pressed = key
            self._missed = 0
            return key
        return ""


def _key(block: list[int]) -> str:
    """The key that sounds throughout the block, or nothing."""
    energy = sum(map(mul, block, block))
    if energy < _QUIETEST:
        return ""
    whole = energy * BLOCK / 2  # what `_strongest` finds of a tone that is alone
    low, row = _strongest(block, 0)
    if low < _WEAKEST * whole:
        return ""
    high, column = _strongest(block, 1)
    if low + high < _PURE * whole or low > _TWIST * high or high > _TWIST * low:
        return ""
    return KEYS[row][column] if row >= 0 and column >= 0 else ""


def _strongest(block: list[int], group: int) -> tuple[float, int]:
    """Power and index of the strongest frequency of a group; −1 when another is nearly as strong."""
    powers = [sum(map(mul, block, cosine)) ** 2 + sum(map(mul, block, sine)) ** 2 for cosine, sine in _WAVES[group]]
    best = max(powers)
    index = powers.index(best)
    clear = all(power * _ALONE < best for other, power in enumerate(powers) if other != index)
    return best, index if clear else -1
