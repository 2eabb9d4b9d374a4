"""The switches by which people open and close by hand: what `hours` looks at before the calendar."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from engine.errors import ConfigurationError

log = logging.getLogger("flowctl.records")

State = Literal["open", "closed"]
STATES: tuple[State, ...] = get_args(State)

FILE = "switches.json"
"""Below the server's data folder."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that somebody has set. `since` is ISO 8601, UTC."""

    state: State
    since: str


class Switches(Protocol):
    """Where a call looks."""

    async def state(self, name: str) -> str | None:
        """`open` or `closed`; None when nobody has set the switch, so that the calendar decides."""
        ...


class FixedSwitches:
    """Switches that stay as they are."""

    def __init__(self, states: Mapping[str, str] | None = None) -> None:
        self._states = dict(states or {})

    async def state(self, name: str) -> str | None:
        return self._states.get(name)


class SwitchFile:
    """Switches in a file that others write while the server runs: it is looked at each time, and read when it has
    changed. One that cannot be read changes nothing, and is complained of once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._switches: Mapping[str, Switch] = {}

    async def state(self, name: str) -> str | None:
        """As `Switches.state`."""
        await asyncio.to_thread(self._look)
        switch = self._switches.get(name)
        return None if switch is None else switch.state

    def _look(self) -> None:
        stamp = stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._switches = read_switches(self._path)
        except ConfigurationError as error:
            log.error("%s; the switches stay as they were", error)


def read_switches(path: Path) -> dict[str, Switch]:
    """The switches that are set, by name; a file that is not there is none. Raises ConfigurationError."""
    try:
        document: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: must be a mapping of switches")
    return {name: _switch(path, name, value) for name, value in document.items()}


def set_switch(path: Path, name: str, state: State | None, now: datetime) -> None:
    """Set a switch, or (None) leave it to the calendar. The file is replaced whole. Raises ConfigurationError when it
    cannot be read, OSError when it cannot be written."""
    switches = read_switches(path)
    switches.pop(name, None)
    if state is not None:
        switches[name] = Switch(state, now.isoformat(timespec="seconds"))
    document = {name: {"state": switch.state, "since": switch.since} for name, switch in sorted(switches.items())}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        # The server may be another user than the one who sets the switch.
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _switch(path: Path, name: str, value: Any) -> Switch:
    state = value.get("state") if isinstance(value, dict) else None
    if state not in STATES:
        raise ConfigurationError(f"{path}: {name}: state is open or closed, not {state!r}")
    return Switch(state, str(value.get("since", "")))


def stamp_of(path: Path) -> Stamp | None:
    """What tells whether a file is another than before; None when there is none. Blocking."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
