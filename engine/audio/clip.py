"""A piece of sound that a leg can play."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

RATE = 8000
"""Samples a second of every clip: narrow-band telephony."""


@dataclass(frozen=True)
class Clip:
    """Sound ready to be played: mono, signed 16-bit little-endian samples at 8 kHz.

    `label` is what a person would call it ("welcome.wav", "tone: beep"); it is not part of its identity.
    """

    samples: bytes = field(repr=False)
    label: str = field(default="", compare=False)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / 2 / RATE

    @cached_property
    def key(self) -> str:
        """A name for the content, the same for the same samples: what a media cache is keyed by."""
        return blake2b(self.samples, digest_size=16).hexdigest()
