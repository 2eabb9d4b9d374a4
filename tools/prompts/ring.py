"""The sound that announces a call on an agent's computer, as it ships: two short rings of a bell.

    .venv/bin/python -m tools.prompts.ring tools/flowctl/companion/ring.wav

The same file comes out each time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from engine.audio.clip import RATE
from tools.prompts.sound import PEAK, Samples, fade, write

STRIKES, BETWEEN = 12, 0.04
"""Of the clapper in a ring, and seconds from one to the next."""

PARTIALS = ((880.0, 1.0), (1_320.0, 0.6), (2_217.0, 0.35))
"""Hz, and how loud."""


def ring() -> Samples:
    """Two seconds."""
    time = np.arange(round(0.35 * RATE)) / RATE
    strike = np.zeros_like(time)
    for hertz, loud in PARTIALS:
        strike += loud * np.sin(2 * np.pi * hertz * time) * np.exp(-9 * time)
    samples: Samples = np.zeros(2 * RATE)
    for begin in (0.0, 0.8):
        for number in range(STRIKES):
            at = round((begin + BETWEEN * number) * RATE)
            samples[at : at + strike.size] += strike
    return fade(samples * PEAK / float(np.abs(samples).max()))


if __name__ == "__main__":
    write(Path(sys.argv[1]), ring())
