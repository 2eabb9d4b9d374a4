"""Composes the music on hold: twelve seconds, soft, that can be repeated without a seam.

    .venv/bin/python -m tools.prompts.music flows/call_centre/prompts/music.wav

Our own notes, so there is no licence to look after; two-operator FM with few partials, because a narrow-band line
makes rich sound harsh. What still rings at the end is added to the beginning: the loop has no seam.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engine.audio.clip import RATE
from tools.prompts.sound import PEAK, Samples, write

BEAT = 0.5
LOUDNESS = 10 ** (-24 / 20)
"""Below speech: people talk over it."""

# One bar of three seconds a chord (F, D minor, B flat, C): bass note, then the six notes that are picked.
BARS = (
    (41, (65, 69, 72, 77, 72, 69)),
    (38, (65, 69, 74, 77, 74, 69)),
    (46, (65, 70, 74, 77, 74, 70)),
    (36, (64, 67, 72, 76, 72, 70)),
)
"""MIDI note numbers."""


def tone(note: int, seconds: float, strength: float) -> Samples:
    """One note of a soft electric piano: a sine modulated by itself, both dying away."""
    time = np.arange(round(seconds * RATE)) / RATE
    frequency = 440.0 * 2 ** ((note - 69) / 12)
    decay = np.exp(-3.2 * time / seconds) * np.minimum(1.0, time / 0.008)
    modulator = 0.9 * np.exp(-6.0 * time / seconds) * np.sin(2 * np.pi * frequency * time)
    sound: Samples = strength * decay * np.sin(2 * np.pi * frequency * time + modulator)
    return sound


def compose() -> Samples:
    """The whole piece."""
    bar = 6 * BEAT
    length = round(len(BARS) * bar * RATE)
    piece = np.zeros(length)
    for index, (bass, picked) in enumerate(BARS):
        notes = [(0.0, tone(bass + 12, 3.0, 0.8))]
        notes += [(beat * BEAT, tone(note, 1.6, 0.5)) for beat, note in enumerate(picked)]
        for offset, sound in notes:
            start = round((index * bar + offset) * RATE)
            places = (start + np.arange(len(sound))) % length
            piece[places] += sound
    rms = float(np.sqrt(np.mean(piece**2)))
    return piece * min(LOUDNESS / rms, PEAK / float(np.abs(piece).max()))


if __name__ == "__main__":
    write(Path(sys.argv[1]), compose())
