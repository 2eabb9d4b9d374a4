"""Tones of the telephone network, computed."""

from __future__ import annotations

import math
from array import array
from functools import cache

from engine.audio.clip import RATE, Clip

LEVEL = 10 ** (-13 / 20)
"""Amplitude of one frequency: −13 dBFS, near the −13 dBm0 of network tones."""

# name → (frequencies in Hz, seconds on, seconds off). France: ETSI TR 101 041-2; elsewhere North America's
# precise tones, which callers of an English-speaking scenario know.
_CADENCES: dict[str, dict[str, tuple[tuple[float, ...], float, float]]] = {
    "fr": {
        "ringback": ((440.0,), 1.5, 3.5),
        "busy": ((440.0,), 0.5, 0.5),
        "congestion": ((440.0,), 0.25, 0.25),
    },
    "": {
        "ringback": ((440.0, 480.0), 2.0, 4.0),
        "busy": ((480.0, 620.0), 0.5, 0.5),
        "congestion": ((480.0, 620.0), 0.25, 0.25),
    },
}
_BEEP = ((1000.0,), 0.4, 0.0)


@cache
def tone(name: str, language: str) -> Clip:
    """One cadence of a tone (`beep`, `ringback`, `busy`, `congestion`); play it in a loop to go on."""
    cadences = _CADENCES.get(language.partition("-")[0].lower(), _CADENCES[""])
    frequencies, on, off = _BEEP if name == "beep" else cadences[name]
    samples = array("h", bytes(2 * round((on + off) * RATE)))
    for index in range(round(on * RATE)):
        level = sum(math.sin(2 * math.pi * f * index / RATE) for f in frequencies)
        samples[index] = round(32767 * LEVEL * level)
    return Clip(samples.tobytes(), label=f"tone: {name}")


def silence(seconds: float) -> Clip:
    """Silence of a given length."""
    return Clip(bytes(2 * round(seconds * RATE)), label=f"silence: {seconds:g}s")
