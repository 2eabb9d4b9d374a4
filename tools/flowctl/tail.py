"""The end of the daily log, and what comes after it, from one day's file to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from engine.records.daily_log import day_of, name_of

CHUNK = 65_536


class Follower:
    """Gives the lines of a folder's daily logs as they come. Blocking."""

    def __init__(self, folder: Path, zone: tzinfo, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """now: the present, aware."""
        self._folder = folder
        self._zone = zone
        self._now = now
        self._read: dict[date, int] = {self._today(): 0}
        """How much of each day's file is behind us, bytes; in the order in which they were opened."""

    def skip(self, lines: int) -> None:
        """Leave out all that is there but the last lines, of today or of the last day that has any."""
        today = self._today()
        days = [day for path in self._folder.glob("*.log") if (day := day_of(path.name)) and day <= today]
        last = max(days, default=today)
        self._read = {last: start_of_last(self._folder / name_of(last), lines)}

    def more(self) -> Iterator[str]:
        """The whole lines that have come since it was asked last."""
        today = self._today()
        if today not in self._read:
            # The day before may have had a last line since.
            yield from self._lines(next(reversed(self._read)))
            self._read[today] = 0
        yield from self._lines(today)

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()

    def _lines(self, day: date) -> Iterator[str]:
        try:
            with (self._folder / name_of(day)).open("rb") as file:
                if file.seek(0, 2) < self._read[day]:
                    self._read[day] = 0  # begun anew
                file.seek(self._read[day])
                while (line := file.readline()).endswith(b"\n"):
                    self._read[day] += len(line)
                    yield line.decode(errors="replace").rstrip("\n")
        except FileNotFoundError:
            return


def start_of_last(path: Path, lines: int) -> int:
    """Where the last lines of a file begin, bytes from its beginning; 0 where there is no file."""
    try:
        with path.open("rb") as file:
            position = file.seek(0, 2)
            # The end of the last line is none before which a line begins.
            wanted = lines + 1
            while position > 0:
                start = max(0, position - CHUNK)
                file.seek(start)
                chunk = file.read(position - start)
                if wanted <= chunk.count(b"\n"):
                    place = len(chunk)
                    for _ in range(wanted):
                        place = chunk.rindex(b"\n", 0, place)
                    return start + place + 1
                wanted -= chunk.count(b"\n")
                position = start
    except FileNotFoundError:
        pass
    return 0
