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
        self._call = ""
        """That rings."""
        self._tasks: set[asyncio.Task[None]] = set()
        """One that rings, and those that are about to stop."""

    def follow(self, call: Waiting | None) -> None:
        """Ring for that call, instead of another; None for silence."""
        wanted = call.event.call if call is not None else ""
        if wanted == self._call:
            return
        self._call = wanted
        for task in self._tasks:
            task.cancel()
        if call is not None:
            ringing = asyncio.create_task(self._ring(call.event))
            self._tasks.add(ringing)
            ringing.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Silence, for good."""
        self.follow(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
