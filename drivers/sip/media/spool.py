"""Clips on their way to the workers: a folder of encoded files that all workers of a pool read."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from engine.audio.clip import Clip
from engine.audio.g711 import encode

LIMIT = 512 << 20
"""Octets on disk from which the least recently used clips are deleted."""
RECHECK = 1.0
"""Seconds after the last use of a clip from which its file is looked for again: somebody may tidy up the disk."""
SAFE = 60.0
"""Seconds for which a clip just asked for is never deleted: until a worker has surely read it."""


class Spool:
    """Each clip is encoded here, in a thread, in both laws, and written once.

    Not in the workers: without numpy a minute of prompt costs them two ticks, and each would do it again.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._used: OrderedDict[str, float] = OrderedDict()
        """Clips written, least recently used first, with the monotonic time of their use."""
        self._sizes: dict[str, int] = {}
        self._writing: dict[str, asyncio.Task[None]] = {}
        self._open = False
        self.folder = Path()

    async def start(self) -> None:
        """Make the folder, readable for this user only."""
        self.folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="flowctl-media-"))
        self._open = True
        # The tables and numpy are loaded now: the first caller shall not wait a quarter of a second for them.
        await asyncio.to_thread(_write_file, self.folder / Clip(b"").key, b"")

    async def stop(self) -> None:
        """Delete the folder, once what is being written has been."""
        self._open = False
        await asyncio.gather(*self._writing.values(), return_exceptions=True)
        self._used.clear()
        self._sizes.clear()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def store(self, clips: Iterable[Clip]) -> list[str]:
        """Names of the clips in the folder, all there. Raises OSError when one cannot be written."""
        keys = []
        for clip in clips:
            key = clip.key
            if not await self._has(key):
                await asyncio.shield(self._write_once(clip))
            self._used[key] = time.monotonic()
            self._used.move_to_end(key)
            keys.append(key)
        await self._make_room()
        return keys

    def forget(self, clips: Iterable[Clip]) -> None:
        """A worker could not read one of these: write them again when they are next asked for."""
        for clip in clips:
            self._used.pop(clip.key, None)
            self._sizes.pop(clip.key, None)

    async def _has(self, key: str) -> bool:
        used = self._used.get(key)
        if used is None:
            return False
        return time.monotonic() - used < RECHECK or await asyncio.to_thread((self.folder / key).exists)

    def _write_once(self, clip: Clip) -> asyncio.Task[None]:
        """The one task that writes the clip, whoever asks for it meanwhile."""
        task = self._writing.get(clip.key)
        if task is None:
            task = self._writing[clip.key] = asyncio.create_task(self._write(clip))
            task.add_done_callback(lambda _: self._writing.pop(clip.key))
        return task

    async def _write(self, clip: Clip) -> None:
        if not self._open:
            raise FileNotFoundError(f"{self.folder} is closed")
        await asyncio.to_thread(_write_file, self.folder / clip.key, clip.samples)
        self._used[clip.key] = time.monotonic()
        self._sizes[clip.key] = len(clip.samples)

    async def _make_room(self) -> None:
        while sum(self._sizes.values()) > self._limit:
            key, used = next(iter(self._used.items()))
            if time.monotonic() - used < SAFE:
                return
            del self._used[key]
            self._sizes.pop(key, None)
            await asyncio.to_thread((self.folder / key).unlink, missing_ok=True)


def _write_file(path: Path, samples: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(encode(samples, "PCMA") + encode(samples, "PCMU"))
    part.rename(path)
