"""Voices: text → speech."""

from __future__ import annotations

import asyncio
import io
import shutil
from typing import Protocol

from engine.audio.clip import RATE, Clip
from engine.errors import AudioError

MAX_CHARACTERS = 2000


class Voice(Protocol):
    """A speech synthesiser."""

    async def speak(self, text: str, language: str, voice: str | None) -> Clip:
        """Speech at 8 kHz. Raises AudioError when it cannot speak."""
        ...


class EspeakVoice:
    """espeak-ng, as a program: one process a text, off the event loop."""

    def __init__(self, program: str = "espeak-ng") -> None:
        self._program = program

    async def speak(self, text: str, language: str, voice: str | None) -> Clip:
        path = shutil.which(self._program)
        if path is None:
            raise AudioError(
                f"no voice to say {text[:40]!r}: install {self._program}, or use a recorded file instead"
            )
        process = await asyncio.create_subprocess_exec(
            path, "--stdout", "-v", voice or language, "-s", "150", "--stdin",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(20):
                sound, complaint = await process.communicate(text[:MAX_CHARACTERS].encode())
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        if process.returncode or not sound:
            raise AudioError(
                f"{self._program} cannot speak {language!r}: {complaint.decode(errors='replace').strip()}"
            )
        return Clip(await asyncio.to_thread(_narrow, sound), label=f"say: {text}")


class NoVoice:
    """The setting `voice: none`: nothing speaks."""

    async def speak(self, text: str, language: str, voice: str | None) -> Clip:
        raise AudioError(f"no voice to say {text[:40]!r}: the setting voice is none; use a recorded file instead")


def _narrow(wav: bytes) -> bytes:
    import numpy as np
    import soundfile
    import soxr

    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    scaled = np.clip(np.rint(soxr.resample(samples, rate, RATE) * 32768.0), -32768, 32767)
    return bytes(scaled.astype("<i2").tobytes())


class TimedVoice:
    """For the simulator: silence as long as the text would take to say (15 characters a second)."""

    async def speak(self, text: str, language: str, voice: str | None) -> Clip:
        return Clip(bytes(2 * RATE * max(1, len(text)) // 15 & ~1), label=f"say: {text}")
