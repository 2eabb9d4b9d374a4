"""Writing test sounds."""

from __future__ import annotations

import wave
from pathlib import Path

from engine.audio.clip import RATE, Clip


def write_wav(path: Path, clip: Clip) -> None:
    """An 8 kHz 16-bit mono WAV."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(clip.samples)
