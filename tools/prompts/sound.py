"""Finishing a recording for the telephone: silence cut off, level set, ends faded, written as 8 kHz WAV."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.clip import RATE

Samples = NDArray[np.float64]
"""Mono samples at 8 kHz, full scale ±1."""

RMS = 10 ** (-20 / 20)
"""Level of speech: −20 dBFS, loud enough after G.711 and comfortable beside the network's tones."""
PEAK = 10 ** (-3 / 20)
"""No sample goes above −3 dBFS, whatever the level."""
SILENT = 10 ** (-50 / 20)
"""Relative to the loudest sample, what counts as silence at either end."""
LEAD = round(0.03 * RATE)
"""Samples kept before the sound: consonants begin softly."""
TAIL = round(0.15 * RATE)
"""Samples after the sound: figures read one after another stay apart."""
FADE = round(0.005 * RATE)


def finish(samples: Samples) -> Samples:
    """Trim, level and fade one recording. Raises ValueError for silence."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        raise ValueError("nothing but silence")
    loud = np.flatnonzero(np.abs(samples) > SILENT * peak)
    padded = np.concatenate([np.zeros(LEAD), samples, np.zeros(TAIL)])
    return fade(level(padded[loud[0] : loud[-1] + LEAD + TAIL]))


def level(samples: Samples) -> Samples:
    """The same sound at −20 dBFS RMS, or lower where its peak would pass −3 dBFS."""
    rms = float(np.sqrt(np.mean(samples**2)))
    peak = float(np.abs(samples).max())
    return samples * min(RMS / rms, PEAK / peak)


def fade(samples: Samples) -> Samples:
    """5 ms in and out, so that a recording neither begins nor ends with a click."""
    faded = samples.copy()
    ramp = np.linspace(0.0, 1.0, FADE)
    faded[:FADE] *= ramp
    faded[-FADE:] *= ramp[::-1]
    return faded


def write(path: Path, samples: Samples) -> None:
    """Write an 8 kHz 16-bit mono WAV."""
    pcm = np.clip(np.rint(samples * 32767.0), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(pcm.tobytes())
