"""What goes with a mail: files, recordings as WAV or MP3, and a line in the text for what is too large."""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SMALLER = 20
"""An MP3 is no smaller than this part of its WAV: what would be too large even so is not encoded."""

_NOTICES = {
    "en": {
        "large": "{name} is too large to be sent ({size} MB). It is on the server: {path}",
        "lost": "{name} could not be enclosed: the file is missing or cannot be read.",
    },
    "fr": {
        "large": "{name} est trop volumineux pour être envoyé ({size} Mo). Il se trouve sur le serveur : {path}",
        "lost": "{name} n’a pas pu être joint : le fichier manque ou ne peut être lu.",
    },
}


@dataclass(frozen=True, slots=True)
class Form:
    """How recordings are enclosed, and the most bytes of all that is enclosed in one mail."""

    audio: Literal["wav", "mp3"] = "wav"
    limit: int = 10_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file to be enclosed. `path` has its content, `name` is what it is called, `origin` where people find it."""

    path: Path
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file as it is sent, or a notice in its place. `kind`: main type and subtype of its media type."""

    name: str
    kind: tuple[str, str] = ("application", "octet-stream")
    data: bytes = b""
    notice: str = ""


def enclose(files: Sequence[File], form: Form, language: str) -> list[Enclosed]:
    """The files in turn, as long as they fit. Blocking."""
    left = form.limit
    found = []
    for file in files:
        part = _one(file, form.audio, left, _NOTICES.get(language[:2].lower(), _NOTICES["en"]))
        left -= len(part.data)
        found.append(part)
    return found


def _one(file: File, audio: str, limit: int, notices: dict[str, str]) -> Enclosed:
    try:
        size = file.path.stat().st_size
        encoded = audio == "mp3" and file.name.lower().endswith(".wav")
        if size <= limit * (SMALLER if encoded else 1):
            name = f"{file.name[:-4]}.mp3" if encoded else file.name
            data = _mp3(file.path) if encoded else file.path.read_bytes()
            if len(data) <= limit:
                return Enclosed(name, _kind(name), data)
            size = len(data)
    except OSError:
        return Enclosed(file.name, notice=notices["lost"].format(name=file.name))
    megabytes = f"{size / 1e6:.1f}"
    return Enclosed(
        file.name, notice=notices["large"].format(name=file.name, size=megabytes, path=file.origin or file.name)
    )


def _kind(name: str) -> tuple[str, str]:
    if name.lower().endswith(".wav"):
        return "audio", "wav"
    guessed, encoding = mimetypes.guess_type(name)
    main, _, sub = (guessed or "").partition("/")
    # What may hold parts of its own, and what is compressed, is sent as the bytes that it is.
    return (
        (main, sub)
        if sub and not encoding and main not in ("multipart", "message")
        else ("application", "octet-stream")
    )


def _mp3(path: Path) -> bytes:
    """Raises OSError."""
    import soundfile

    target = io.BytesIO()
    try:
        with soundfile.SoundFile(path) as source:
            rate, channels = source.samplerate, source.channels
            with soundfile.SoundFile(target, "w", rate, channels, format="MP3") as encoder:
                for block in source.blocks(rate, dtype="int16"):
                    encoder.write(block)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise OSError(str(error)) from error
    return target.getvalue()
