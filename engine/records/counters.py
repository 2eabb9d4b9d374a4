"""How many calls there were, today and ever: a small file in the data folder that survives restarts."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from engine.clock import Clock
from engine.records.files import replace_text

log = logging.getLogger("flowctl.records")

FILE = "counters.json"
"""Below the server's data folder."""

EVERY = 1.0
"""Seconds between two looks whether something is to be written: what a server that is killed may forget."""


@dataclass(slots=True)
class Counts:
    """`incoming`: calls that had a channel, those left ringing included; `outgoing`: calls begun by us; `refused`:
    calls that found every channel taken, no RTP port, or a machine that is behind; `most_busy`: channels taken at one
    moment."""

    incoming: int = 0
    outgoing: int = 0
    refused: int = 0
    left_ringing: int = 0
    most_busy: int = 0


@dataclass(slots=True)
class _Kept:
    """The file: `since` and `date` are ISO 8601, a day is one of the server's time zone."""

    since: str
    date: str
    today: Counts = field(default_factory=Counts)
    ever: Counts = field(default_factory=Counts)


class Counters:
    """Counts in memory, written by `keep`. A file that cannot be read is
    complained of, and counting begins anew."""

    def __init__(self, path: Path, clock: Clock, zone: tzinfo | None = None) -> None:
        """zone: where days begin; None: that of the machine. Blocking: reads the file."""
        self._path = path
        self._clock = clock
        self._zone = zone
        self._kept = self._read() or _Kept(since=clock.now().isoformat(timespec="seconds"), date=self._date())
        self._changed = False

    @property
    def today(self) -> Counts:
        """Since midnight."""
        if (date := self._date()) != self._kept.date:
            self._kept.date, self._kept.today = date, Counts()
        return self._kept.today

    @property
    def ever(self) -> Counts:
        """Since the file was first written."""
        return self._kept.ever

    def incoming(self, busy: int) -> None:
        """A call has come in and has a channel."""
        for counts in self._both():
            counts.incoming += 1
            counts.most_busy = max(counts.most_busy, busy)

    def outgoing(self, busy: int) -> None:
        """A call goes out."""
        for counts in self._both():
            counts.outgoing += 1
            counts.most_busy = max(counts.most_busy, busy)

    def refused(self, calls: int = 1) -> None:
        """A call, or several, have found every channel taken, or no port."""
        for counts in self._both():
            counts.refused += calls

    def left_ringing(self) -> None:
        """A call has come to a channel that is barred from reception."""
        for counts in self._both():
            counts.left_ringing += 1

    async def keep(self, busy: Callable[[], int]) -> None:
        """Write what has changed, each second, until cancelled. busy: channels taken now."""
        before = -1
        while True:
            if self._changed or busy() != before:
                before = busy()
                await self.save(before)
            await asyncio.sleep(EVERY)

    async def save(self, busy: int) -> None:
        """Write the file now. A disk that refuses costs no call: it is tried again with the next change."""
        self._changed = False
        text = json.dumps({"busy": busy, **asdict(self._kept)}, indent=1)
        try:
            await asyncio.to_thread(replace_text, self._path, text)
        except OSError as error:
            log.error("%s could not be written: %s", self._path, error.strerror)

    def _both(self) -> tuple[Counts, Counts]:
        self._changed = True
        return self.today, self.ever

    def _date(self) -> str:
        return self._clock.now().astimezone(self._zone).date().isoformat()

    def _read(self) -> _Kept | None:
        try:
            document: Any = json.loads(self._path.read_bytes())
            return _Kept(
                since=str(document["since"]),
                date=str(document["date"]),
                today=_counts(document["today"]),
                ever=_counts(document["ever"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("%s cannot be read (%s): counting begins anew", self._path, error)
            return None


def _counts(document: Any) -> Counts:
    """Raises TypeError or ValueError."""
    counts = Counts(**document)
    if not all(isinstance(number, int) and number >= 0 for number in asdict(counts).values()):
        raise ValueError("a counter is not a number")
    return counts
