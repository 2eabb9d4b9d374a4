"""Where a prompt's items become clips: files, the engine's own sounds, tones, speech. Everything is decoded once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path

from engine.audio import files, tones
from engine.audio.clip import Clip
from engine.audio.voices import Voice
from engine.errors import AudioError

SOUNDS = Path(__file__).parent / "sounds"
LANGUAGES = frozenset({"en", "fr"})
"""Those that the engine's own sounds are recorded in."""
FALLBACK_LANGUAGE = "en"
CACHE_BYTES = 64 << 20

TRUST_SECONDS = 1.0
"""A file looked at this recently is not looked at again: a busy line plays one prompt many times a second."""

Key = tuple[object, ...]

_DIGIT_SOUNDS = {"*": "star", "#": "hash"}


class PromptLibrary:
    """Clips by what they are made of, kept while there is room (64 MB)."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._cache: OrderedDict[Key, Clip] = OrderedDict()
        self._looked_at: dict[Key, tuple[float, Key]] = {}
        """What was asked for → when it was looked at (loop seconds), and the clip's key then."""
        self._bytes = 0

    async def file(self, prompts: Path, language: str, name: str) -> Clip:
        """An audio file of a scenario; read again when it has changed on disk. Raises AudioError."""
        return await self._read(prompts, language, name)

    async def sound(self, name: str, language: str) -> Clip:
        """One of the engine's own recordings, in English where the language has none."""
        base = language.partition("-")[0].lower()
        folder = base if base in LANGUAGES else FALLBACK_LANGUAGE
        return await self._read(SOUNDS, folder, f"{name}.wav")

    async def digits(self, keys: str, language: str) -> list[Clip]:
        """Keys read one by one; what is not a key is passed over."""
        return [
            await self.sound(f"digit-{_DIGIT_SOUNDS.get(key, key)}", language)
            for key in keys
            if key.isdecimal() or key in _DIGIT_SOUNDS
        ]

    async def say(self, text: str, language: str, voice: str | None) -> Clip:
        """Text spoken; empty text is silence. Raises AudioError."""
        if not text.strip():
            return tones.silence(0)
        key = ("say", text, language, voice)
        if (clip := self._find(key)) is None:
            clip = self._keep(key, await self._voice.speak(text, language, voice))
        return clip

    def tone(self, name: str, language: str) -> Clip:
        """A tone of the network, one cadence."""
        return tones.tone(name, language)

    def silence(self, seconds: float) -> Clip:
        """A pause."""
        return tones.silence(seconds)

    async def _read(self, prompts: Path, language: str, name: str) -> Clip:
        asked, now = (prompts, language, name), asyncio.get_running_loop().time()
        looked_at, key = self._looked_at.get(asked, (-TRUST_SECONDS, ()))
        if now - looked_at < TRUST_SECONDS and (clip := self._find(key)) is not None:
            return clip
        try:
            path, stamp = await asyncio.to_thread(_stamp, prompts, language, name)
        except OSError as error:
            raise AudioError(f"audio file {name!r}: {error}") from error
        key = ("file", path, *stamp)
        if (clip := self._find(key)) is None:
            clip = self._keep(key, await asyncio.to_thread(files.read_clip, path))
        self._looked_at[asked] = (now, key)
        return clip

    def _find(self, key: Key) -> Clip | None:
        clip = self._cache.get(key)
        if clip is not None:
            self._cache.move_to_end(key)
        return clip

    def _keep(self, key: Key, clip: Clip) -> Clip:
        if key not in self._cache:
            self._cache[key] = clip
            self._bytes += len(clip.samples)
        while self._bytes > CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._bytes -= len(dropped.samples)
        return clip


def _stamp(prompts: Path, language: str, name: str) -> tuple[Path, tuple[int, int]]:
    path = files.find(prompts, language, name)
    status = path.stat()
    return path, (status.st_mtime_ns, status.st_size)
