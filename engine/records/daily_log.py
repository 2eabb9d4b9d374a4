"""The daily log: each line of the log in a file of its day, `ddmmyyyy.log`, besides wherever else it goes.

A thread of its own writes it, so that a slow disk holds nobody up. While the disk refuses, lines wait in memory, up
to a bound; those beyond it are counted and told.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

log = logging.getLogger("flowctl.logs")

WAITING = 10_000
"""Lines that wait for the disk at most: some megabytes."""
AT_ONCE = 500
"""Lines in one writing."""
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 2.0
"""How long the end of the program waits for the disk."""

_NAME = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})\.log")


def name_of(day: date) -> str:
    """ddmmyyyy.log"""
    return f"{day.day:02}{day.month:02}{day.year:04}.log"


def day_of(name: str) -> date | None:
    """The day of a file by its name; None for a file that is no daily log."""
    match = _NAME.fullmatch(name)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None


class DailyLog(logging.Handler):
    """For the root logger; its formatter makes the lines. `close` writes what waits."""

    def __init__(self, folder: Path, zone: tzinfo, *, retry: float = RETRY_SECONDS) -> None:
        """folder: made when the first line is written. zone: where days begin. retry: seconds until a disk that has
        refused is asked again."""
        super().__init__()
        self._folder = folder
        self._retry = retry
        self._days = _Days(zone)
        self._file = _File(folder)
        self._changed = threading.Condition()
        self._lines: deque[tuple[float, str]] = deque()
        self._lost = 0
        """Lines for which there was no room."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daily log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line over, and wait for nothing."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as the library's own handlers: a line that cannot be made ends nothing
            self.handleError(record)
            return
        with self._changed:
            if len(self._lines) < WAITING:
                self._lines.append((record.created, line))
                self._changed.notify()
            else:
                self._lost += 1

    def close(self) -> None:
        """Write what waits, in two seconds at most. Blocking."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)
        super().close()

    # In the thread

    def _run(self) -> None:
        while lines := self._take():
            if not self._write(self._parts(lines)):
                break
        self._file.close()

    def _take(self) -> list[tuple[float, str]]:
        """What waits, as soon as something does; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closing.is_set())
            return [self._lines.popleft() for _ in range(min(AT_ONCE, len(self._lines)))]

    def _parts(self, lines: list[tuple[float, str]]) -> deque[tuple[date, bytes]]:
        """Lines of one day that follow one another are one part."""
        parts: deque[tuple[date, bytes]] = deque()
        for moment, line in lines:
            day, text = self._days.of(moment), f"{line}\n".encode(errors="backslashreplace")
            if parts and parts[-1][0] == day:
                text = parts.pop()[1] + text
            parts.append((day, text))
        return parts

    def _write(self, parts: deque[tuple[date, bytes]]) -> bool:
        """False when it is given up, as the program ends."""
        refused = False
        while parts:
            try:
                day, text = parts[0]
                written = self._file.write(day, text)
                if written < len(text):
                    parts[0] = day, text[written:]
                else:
                    parts.popleft()
            except OSError as error:
                if not refused:
                    refused = True
                    log.error("the daily log in %s cannot be written: %s", self._folder, error.strerror)
                self._file.close()
                if self._closing.wait(self._retry):
                    return False
        with self._changed:
            lost, self._lost = self._lost, 0
        if refused or lost:
            log.warning("the daily log is written again; lines that are missing in it: %d", lost)
        return True


class _Days:
    """The local day of a moment: most are in the same one as the moment before."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._day = date.min
        self._from = self._until = 0.0

    def of(self, moment: float) -> date:
        """moment: seconds since 1970."""
        if not self._from <= moment < self._until:
            self._day = datetime.fromtimestamp(moment, self._zone).date()
            self._from, self._until = (
                datetime.combine(day, time(), self._zone).timestamp()
                for day in (self._day, self._day + timedelta(days=1))
            )
        return self._day


class _File:
    """The file of one day at a time. Lines are only ever added at its end: several programs may do so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day: date | None = None
        self._descriptor = -1

    def write(self, day: date, text: bytes) -> int:
        """How many bytes were written. Raises OSError."""
        if day != self._day or not os.fstat(self._descriptor).st_nlink:
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._folder / name_of(day), flags, 0o600)
            self._day = day
        return os.write(self._descriptor, text)

    def close(self) -> None:
        """Open it again when something is written."""
        if self._day is not None:
            os.close(self._descriptor)
            self._day, self._descriptor = None, -1
