"""Where recordings are kept."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import wave
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.clock import Clock
from engine.errors import CallError
from engine.records.files import replace_text

log = logging.getLogger("flowctl.records")

FOLDER = "recordings"
"""Below the server's data folder."""
SUFFIX, PART = ".wav", ".wav.part"
"""Of a recording, and of one that is being written."""
FACTS = ".json"
"""Of what is known of a recording, beside it."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A recording of a call that was up when the server was killed; `duration` in seconds."""

    path: Path
    box: str
    duration: float

    def belongs_to(self, call_id: str) -> bool:
        """Whether it is that call's."""
        return _is_of(self.path.name, call_id)


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

    async def describe(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Write what is known of a recording beside it: `FACTS`. Raises CallError when that cannot be written."""
        try:
            await asyncio.to_thread(replace_text, path.with_suffix(FACTS), json.dumps(facts), mode=0o600)
        except OSError as error:
            raise CallError(f"what is known of {path} could not be written beside it: {error.strerror}") from error

    async def discard(self, path: Path) -> None:
        """Delete a recording that nobody wants; a file already gone is no error."""
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await asyncio.to_thread(path.with_suffix(FACTS).unlink, missing_ok=True)


def facts_of(call: Mapping[str, Any], duration: float) -> dict[str, Any]:
    """What is known of a message beside it, of the call's record."""
    return {"call": call["id"], "cli": call["cli"], "did": call["did"], "duration": round(duration, 3)}


def describe_recovered(call: Mapping[str, Any]) -> None:
    """Write what is known of a call's messages beside those that were completed without. call: as its record is kept.
    Blocking."""
    for one in call["recordings"]:
        facts = Path(one["file"]).with_suffix(FACTS)
        if one["kind"] != "voicemail" or facts.exists():
            continue
        try:
            replace_text(facts, json.dumps(facts_of(call, one["duration"])), mode=0o600)
        except OSError as error:
            log.warning("what is known of %s could not be written beside it: %s", one["file"], error.strerror)


def _prepare(folder: Path, name: str) -> Path:
    """Make the folder; a path in it that is free."""
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - pathlib gives the mode to the last folder alone
    return _free(folder, name)


def _free(folder: Path, name: str) -> Path:
    """A path that no finished recording has."""
    path, number = folder / f"{name}{SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{SUFFIX}"
    return path


async def recover(root: Path, calls: Collection[str]) -> list[Recovered]:
    """Complete the recordings below a folder that an earlier run has left half written; nothing may be writing any
    more. These, and those of the calls with such ids that were completed in time. One without a sound is deleted, and
    one that is no WAV file stays as it is."""
    return await asyncio.to_thread(lambda: list(_recovered(root, calls)))


def _recovered(root: Path, calls: Collection[str]) -> Iterator[Recovered]:
    for path in sorted(root.rglob("*")):
        half = path.name.endswith(PART)
        if half or (path.suffix == SUFFIX and any(_is_of(path.name, call) for call in calls)):
            try:
                yield from _completed(path, half=half)
            except (OSError, EOFError, wave.Error) as error:
                log.warning("%s, left by a server that was killed, cannot be played: %s", path, error)


def _completed(path: Path, *, half: bool) -> Iterator[Recovered]:
    """Raises OSError, EOFError, wave.Error."""
    with wave.open(str(path)) as file:
        duration = round(file.getnframes() / file.getframerate(), 3)
    if half and not duration:
        path.unlink()
        return
    if half:
        path = path.replace(_free(path.parent, path.name.removesuffix(PART)))
    yield Recovered(path.absolute(), path.parent.name, duration)


def _is_of(name: str, call_id: str) -> bool:
    """Whether that is the name of a recording of the call."""
    _, _, rest = name.removesuffix(SUFFIX).partition("-")
    return rest == call_id or rest.startswith(f"{call_id}-")
