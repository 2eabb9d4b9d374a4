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
        try:
            await asyncio.to_thread(os.makedirs, folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise CallError(f"recordings folder {folder} cannot be made: {error.strerror}") from error
        moment: datetime = self._clock.now()
        return folder / f"{moment:%Y%m%dT%H%M%S%f}-{call_id}.wav"

    async def discard(self, path: Path) -> None:
        """Delete a recording that nobody wants; a file already gone is no error."""
        await asyncio.to_thread(path.unlink, missing_ok=True)
