"""Speaks the texts kept beside the recordings, with espeak-ng.

    .venv/bin/python -m tools.prompts.render flows/call_centre/prompts engine/audio/sounds

Each folder given has one folder a language, and there a `texts.txt` with lines `file.wav: what it says`. The
recordings are committed, so that a call needs no voice; the same texts and the same espeak-ng give the same bytes.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

from engine.audio.clip import RATE
from tools.prompts.sound import Samples, finish, write

TEXTS = "texts.txt"
VOICES = {"fr": ("fr-fr", 150), "en": ("en-gb-x-rp", 155)}
"""Language → espeak-ng voice and words a minute; slower than its default, for a narrow-band line."""
PAUSE = 6
"""Pause between words, in 10 ms at the default speed: keeps figures apart."""


def read_texts(path: Path) -> dict[str, str]:
    """File name → text. Raises ValueError for a line that is neither `name.wav: text`, a comment nor empty."""
    texts: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, text = line.partition(":")
        if not colon or not name.endswith(".wav") or not text.strip():
            raise ValueError(f"{path}:{number}: write `name.wav: what it says`")
        if name in texts:
            raise ValueError(f"{path}:{number}: {name} is there twice")
        texts[name] = text.strip()
    return texts


def speak(text: str, language: str) -> Samples:
    """The text as espeak-ng says it, at 8 kHz."""
    voice, speed = VOICES[language]
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-g", str(PAUSE), "--stdin"]
    spoken = subprocess.run(command, input=text.encode(), capture_output=True, check=True)  # noqa: S603 - our texts
    samples, rate = soundfile.read(io.BytesIO(spoken.stdout), dtype="float64")
    return np.asarray(soxr.resample(samples, rate, RATE, quality="VHQ"), dtype=np.float64)


def render(folder: Path) -> int:
    """Make every recording of one folder of languages; how many there were."""
    made = 0
    for texts in sorted(folder.glob(f"*/{TEXTS}")):
        for name, text in read_texts(texts).items():
            write(texts.parent / name, finish(speak(text, texts.parent.name)))
            made += 1
    return made


def main(folders: list[str]) -> int:
    """Render the folders named; 2 when there is nothing to render."""
    for folder in map(Path, folders):
        made = render(folder)
        sys.stdout.write(f"{folder}: {made} recordings\n")
        if not made:
            return 2
    return 0 if folders else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
