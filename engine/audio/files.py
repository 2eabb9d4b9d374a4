"""Audio files → clips: WAV, FLAC, OGG or MP3 of any rate."""

from __future__ import annotations

import wave
from pathlib import Path

from engine.audio.clip import RATE, Clip
from engine.errors import AudioError


def find(prompts: Path, language: str, name: str) -> Path:
    """`prompts/<language>/name` if it exists, else `prompts/name`.

    Raises AudioError, also for a name that would leave the folder or that no file can have.
    """
    candidates = (prompts / language / name, prompts / name)
    try:
        for candidate in candidates:
            if not candidate.resolve().is_relative_to(prompts.resolve()):
                raise AudioError(f"audio file {name!r} is outside {prompts}")
            if candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:
        raise AudioError(f"audio file {name[:100]!r} cannot be looked for: {error}") from error
    raise AudioError(f"audio file {name!r} is missing: neither {candidates[0]} nor {candidates[1]} exists")


def read_clip(path: Path) -> Clip:
    """Decode a file to 8 kHz mono. Blocking: call it in a thread. Raises AudioError."""
    ready = _telephone_wav(path)
    return Clip(ready if ready is not None else _decode(path), label=path.name)


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


def _decode(path: Path) -> bytes:
    import numpy as np
    import soundfile
    import soxr

    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        mono = samples.mean(axis=1)
        if rate != RATE:
            mono = soxr.resample(mono, rate, RATE)
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError) as error:
        raise AudioError(f"{path} is not readable as audio: {error}") from error
    scaled = np.clip(np.rint(mono * 32768.0), -32768, 32767)
    return bytes(scaled.astype("<i2").tobytes())
