"""The sound that announces a call."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tools.agent import Event, Waiting

SHIPPED = Path(__file__).with_name("ring.wav")

PAUSE = 2.0
"""Seconds between two rings."""

LONGEST = 60.0
"""Seconds of a sound."""

_PLAYERS = (("paplay",), ("pw-play",), ("aplay", "-q"), ("afplay",))
_BY_WINDOWS = "import sys, winsound; winsound.PlaySound(sys.argv[1], winsound.SND_FILENAME)"


def find_player() -> list[str] | None:
    """A program that plays the WAV file given to it; None when there is none."""
    if sys.platform == "win32":
        return [sys.executable, "-I", "-c", _BY_WINDOWS]
    for name, *options in _PLAYERS:
        path = shutil.which(name)
        if path is not None:
            return [path, *options]
    return None


def sound_of(event: Event, folder: Path | None) -> Path:
    """The sound that the centre names, else `CENTRE.wav`, else `default.wav`, all in `folder`; else the one that
    ships. Names that lead out of the folder are none."""
    if folder is not None:
        for name in (event.ring, f"{event.centre}.wav", "default.wav"):
            plain = name.lower().endswith(".wav") and not any(mark in name for mark in "/\\:\0")
            if plain and (folder / name).is_file():
                return folder / name
    return SHIPPED


class Ringer:
    """Rings while a call waits that the agent may take."""

    def __init__(self, folder: Path | None, player: list[str] | None, bell: Callable[[], None]) -> None:
        """folder: with sounds of the user's own. player: program and options; None for the bell alone."""
        self._folder = folder
        self._player = player
        self._bell = bell
        self._task: asyncio.Task[None] | None = None

    def follow(self, call: Waiting | None) -> None:
        """Ring for that call, if nothing rings yet; None for silence."""
        if call is None:
            if self._task is not None:
                self._task.cancel()
                self._task = None
        elif self._task is None:
            self._task = asyncio.create_task(self._ring(call.event))

    async def stop(self) -> None:
        """Silence, for good."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _ring(self, event: Event) -> None:
        file = await asyncio.to_thread(sound_of, event, self._folder)
        while True:
            if self._player is None or not await self._play(self._player, file):
                self._bell()
            await asyncio.sleep(PAUSE)

    async def _play(self, player: list[str], file: Path) -> bool:
        """False when it cannot be played."""
        nothing = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *player, str(file), stdin=nothing, stdout=nothing, stderr=nothing
            )
        except OSError:
            return False
        try:
            async with asyncio.timeout(LONGEST):
                return await process.wait() == 0
        except TimeoutError:
            return True
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
