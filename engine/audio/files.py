"""Audio files → clips: WAV, FLAC, OGG or MP3 of any rate."""

from __future__ import annotations

import re
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from engine.audio.clip import RATE, Clip
from engine.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
"""How the names of audio files end."""

FULL_SCALE = 32768
_LARGEST = {"ULAW": 32124, "ALAW": 32256, "PCM_U8": 32512, "PCM_S8": 32512}
"""Largest sample, of 16 bits, that an encoding has; 32767 for all others."""

_RUNS = re.compile(rb"\x01{3,}")
"""Three samples in a row at the largest value are a cut-off wave; one or two may be the tip of a whole one."""


def find(prompts: Path, language: str, name: str) -> Path:
    """`prompts/<language>/name` if it exists, else `prompts/name`; else the one file whose name differs from these
    by case only, so that a scenario written where case does not count is heard everywhere.

    Raises AudioError, also for a name that would leave the folder or that no file can have.
    """
    candidates = (prompts / language / name, prompts / name)
    try:
        root = prompts.resolve()
        for candidate in candidates:
            if not candidate.resolve().is_relative_to(root):
                raise AudioError(f"audio file {name!r} is outside {prompts}")
            if candidate.is_file():
                return candidate
        for relative in (PurePath(language, name), PurePath(name)):
            stored = name_on_disk(prompts, relative)
            if stored is not None and (prompts / stored).resolve().is_relative_to(root):
                return prompts / stored
    except (OSError, ValueError) as error:
        raise AudioError(f"audio file {name[:100]!r} cannot be looked for: {error}") from error
    raise AudioError(f"audio file {name!r} is missing: neither {candidates[0]} nor {candidates[1]} exists")


def name_on_disk(folder: Path, relative: PurePath) -> PurePath | None:
    """How the name of a file below a folder is really written; None when there is none of that name, or several
    that differ from it by case only."""
    found = PurePath()
    for part in relative.parts:
        place = folder / found
        entries = [entry.name for entry in place.iterdir()] if place.is_dir() else []
        alike = [entry for entry in entries if entry.casefold() == part.casefold()]
        if part not in alike and len(alike) != 1:
            return None
        found /= part if part in alike else alike[0]
    return found if (folder / found).is_file() else None


def read_clip(path: Path) -> Clip:
    """Decode a file to 8 kHz mono. Blocking: call it in a thread. Raises AudioError."""
    ready = _telephone_wav(path)
    return Clip(ready if ready is not None else _narrow(path, *_decode(path)[:2]), label=path.name)


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file sounds like. `duration` in seconds; `peak` is the largest sample, 0 to 1; `clipped` is the share of
    the samples, 0 to 1, that are cut off at the largest value of the encoding."""

    duration: float
    peak: float
    clipped: float


def measure(path: Path) -> Sound:
    """Decode a file as `read_clip` does, and measure it. Blocking. Raises AudioError."""
    ready = _telephone_wav(path)
    if ready is None:
        return _measure_decoded(path)
    # Without numpy, whose import takes longer than all this.
    samples = array("h", ready)
    if sys.byteorder == "big":
        samples.byteswap()
    peak = max(max(samples, default=0), -min(samples, default=0))
    full = bytes(abs(x) >= FULL_SCALE - 1 for x in samples) if peak >= FULL_SCALE - 1 else b""
    return Sound(len(samples) / RATE, peak / FULL_SCALE, _cut_off(full))


def _measure_decoded(path: Path) -> Sound:
    import numpy as np

    samples, rate, encoding = _decode(path)
    _narrow(path, samples, rate)
    # One channel after another: a mixture would hide that one of them is cut off.
    sizes = np.abs(samples.T.reshape(-1))
    full = sizes >= (_LARGEST.get(encoding, FULL_SCALE - 1) - 0.5) / FULL_SCALE
    return Sound(len(samples) / rate, float(sizes.max(initial=0.0)), _cut_off(full.tobytes()))


def _cut_off(full: bytes) -> float:
    """Share of the samples in runs at the largest value; each sample is 1 or 0, for at it or below."""
    return sum(map(len, _RUNS.findall(full))) / len(full) if full else 0.0


def _telephone_wav(path: Path) -> bytes | None:
    """The samples of a WAV that is already 8 kHz 16-bit mono, untouched; None for anything else.

    Raises AudioError for one that ends before its header says: half a copy is not a prompt.
    """
    try:
        with path.open("rb") as file, wave.open(file, "rb") as wav:
            if (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) != (RATE, 2, 1):
                return None
            samples = wav.readframes(wav.getnframes())
            if len(samples) != 2 * wav.getnframes():
                raise AudioError(f"{path} is cut off: {len(samples) // 2} of {wav.getnframes()} samples are there")
            return samples
    except (wave.Error, EOFError, RuntimeError):
        return None  # Not such a WAV, or a damaged one: the decoder says which.
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or error}") from error


def _decode(path: Path) -> tuple[NDArray[np.float32], int, str]:
    """Samples (frames × channels, full scale is 1), their rate, and the name of the encoding."""
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            samples: Any = file.read(dtype="float32", always_2d=True)
            return samples, file.samplerate, file.subtype
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError) as error:
        raise AudioError(f"{path} is not readable as audio: {error}") from error


def _narrow(path: Path, samples: NDArray[np.float32], rate: int) -> bytes:
    """8 kHz mono, 16 bits."""
    import numpy as np
    import soxr

    try:
        mono = samples.mean(axis=1)
        if rate != RATE:
            mono = soxr.resample(mono, rate, RATE)
    except (RuntimeError, ValueError) as error:
        raise AudioError(f"{path} is not readable as audio: {error}") from error
    return bytes(np.clip(np.rint(mono * 32768.0), -32768, 32767).astype("<i2").tobytes())
