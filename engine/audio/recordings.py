"""Where recordings are kept."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

from engine.clock import Clock
from engine.errors import CallError


class Recordings:
    """A folder of WAV files: `<root>/<box>/<UTC time>-<call id>.wav`."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    async def new(self, box: str, call_id: str) -> Path:
        """A path for a new recording, in a folder that exists. Raises CallError when the folder cannot be made."""
        folder = self._root / box
        moment: datetime = self._clock.now()
        try:
            return await asyncio.to_thread(_prepare, folder, f"{moment:%Y%m%dT%H%M%S%f}-{call_id}")
        except OSError as error:
            raise CallError(f"recordings folder {folder} cannot be made: {error.strerror}") from error

    async def discard(self, path: Path) -> None:
        """Delete a recording that nobody wants; a file already gone is no error."""
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _prepare(folder: Path, name: str) -> Path:
    """Make the folder; a path in it that no finished recording has."""
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - pathlib gives the mode to the last folder alone
    path, number = folder / f"{name}.wav", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.wav"
    return path
