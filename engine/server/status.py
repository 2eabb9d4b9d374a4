"""What a running server is doing, for other programs: a file in the data folder."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.lines.lines import Lines
from engine.records.files import replace_text

log = logging.getLogger("flowctl.server")

FILE = "status.json"
"""Below the server's data folder."""

EVERY = 1.0
"""Seconds between two looks whether something has changed."""


@dataclass(frozen=True, slots=True)
class TrunkStatus:
    """A trunk as the file has it: `since` is ISO 8601, `detail` says why it is down."""

    name: str
    up: bool
    detail: str
    since: str


@dataclass(frozen=True, slots=True)
class Status:
    """`pid`: of the server that wrote it, 0 when it has ended in order. `channels`: the state of those that are
    taken, by id; the others are free or barred, as the settings say."""

    pid: int
    channels: dict[str, str]
    trunks: tuple[TrunkStatus, ...]

    @property
    def running(self) -> bool:
        """True while the server that wrote it is there."""
        return self.pid > 0 and Path(f"/proc/{self.pid}").exists()


class StatusFile:
    """Keeps the file as the server is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = ""

    async def keep(self, lines: Lines) -> None:
        """Write what has changed, each second, until cancelled."""
        while True:
            await self._write(status_of(lines))
            await asyncio.sleep(EVERY)

    async def close(self) -> None:
        """Say that the server has ended."""
        await self._write(Status(0, {}, ()))

    async def _write(self, status: Status) -> None:
        text = json.dumps(asdict(status), indent=1)
        if text == self._written:
            return
        try:
            await asyncio.to_thread(replace_text, self._path, text)
        except OSError as error:
            if self._written:
                log.error("%s could not be written: %s", self._path, error.strerror)
            self._written = ""  # tried again each second, and said once
        else:
            self._written = text


def status_of(lines: Lines) -> Status:
    """What is going on now."""
    trunks = [(driver.name, state) for driver in lines.drivers for state in driver.trunks().values()]
    return Status(
        os.getpid(),
        {channel.id: channel.state for channel in lines.channels.taken()},
        tuple(
            TrunkStatus(f"{driver}/{state.name}", state.up, state.detail, state.since.isoformat(timespec="seconds"))
            for driver, state in trunks
        ),
    )


def read_status(path: Path) -> Status | None:
    """What the file says; None when no server has written any. Blocking. Raises ConfigurationError."""
    try:
        document: Any = json.loads(path.read_bytes())
        trunks = tuple(TrunkStatus(**trunk) for trunk in document["trunks"])
        return Status(document["pid"], dict(document["channels"]), trunks)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
