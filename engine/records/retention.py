"""What is kept no longer: old files of the daily log and of recordings. Rows of the database: `old_rows`.

Nothing is deleted but files whose names are ours, in folders that are no links; a recording that is being written has
another name until it is whole.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path

from engine.audio.recordings import FACTS, FOLDER, SUFFIX
from engine.outside.mail.aside import REFUSED
from engine.outside.mail.spool import FOLDER as MAILS
from engine.records.closing import BOXES
from engine.records.daily_log import day_of

_STAMP = "%Y%m%dT%H%M%S%f"
"""How the name of a recording begins, in UTC."""
_GIVEN_UP = re.compile(r"[0-9a-f]{32}(\.(eml|txt|json)|-\d+)")
"""A mail that was given up, and why."""


@dataclass(slots=True)
class Tally:
    """What goes, or has gone, of one kind. size: bytes; None where it is not known."""

    kind: str
    number: int = 0
    size: int | None = 0
    oldest: datetime | None = None
    failed: list[str] = field(default_factory=list)
    """What should have gone and has not, and why."""

    def add(self, moment: datetime, size: int = 0, number: int = 1) -> None:
        """One more, or several of which the oldest is of that moment."""
        self.number += number
        if self.size is not None:
            self.size += size
        self.oldest = moment if self.oldest is None else min(self.oldest, moment)


def begin_of(today: date, days: int, zone: tzinfo) -> datetime:
    """The first moment that is kept: midnight of the zone, so many days before today."""
    return datetime.combine(today - timedelta(days=days), time(), zone).astimezone(UTC)


def purge_logs(folder: Path, before: date, zone: tzinfo, *, delete: bool) -> Tally:
    """Daily logs of days before that one. Blocking."""
    tally = Tally("logs")

    def moment(name: str, _: os.stat_result) -> datetime | None:
        day = day_of(name)
        return None if day is None else datetime.combine(day, time(), zone)

    with _opened(folder, None, tally) as descriptor:
        if descriptor is not None:
            _purge(descriptor, folder, moment, datetime.combine(before, time(), zone), tally, delete=delete)
    return tally


def purge_recordings(data: Path, before: datetime, *, messages: bool, delete: bool) -> Tally:
    """Recordings of before that moment, below a data folder: the messages of callers, or all others. Blocking."""
    tally, root = Tally("messages" if messages else "recordings"), data / FOLDER
    with _opened(root, None, tally) as descriptor:
        for box in () if descriptor is None else _folders(descriptor):
            if (box not in BOXES) is messages:
                with _opened(root / box, descriptor, tally) as inner:
                    if inner is not None:
                        _purge(inner, root / box, _recorded, before, tally, delete=delete)
    return tally


def purge_mails(data: Path, before: datetime, *, delete: bool) -> Tally:
    """Mails given up before that moment, below a data folder: callers' messages may be in them. Blocking."""
    tally, folder = Tally("mails"), data / MAILS / REFUSED

    def moment(name: str, status: os.stat_result) -> datetime | None:
        return datetime.fromtimestamp(status.st_mtime, UTC) if _GIVEN_UP.fullmatch(name) else None

    with _opened(folder, None, tally) as descriptor:
        if descriptor is not None:
            _purge(descriptor, folder, moment, before, tally, delete=delete)
    return tally


@contextmanager
def _opened(folder: Path, parent: int | None, tally: Tally) -> Iterator[int | None]:
    """A descriptor of a folder, in that of its parent if there is one; None when it is not there. A link to another
    is not followed."""
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(folder if parent is None else folder.name, flags, dir_fd=parent)
    except FileNotFoundError:
        yield None
    except OSError as error:
        tally.failed.append(f"{folder}: {'it is a link' if folder.is_symlink() else error.strerror}")
        yield None
    else:
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _folders(descriptor: int) -> list[str]:
    with os.scandir(descriptor) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def _purge(
    descriptor: int,
    folder: Path,
    moment_of: Callable[[str, os.stat_result], datetime | None],
    before: datetime,
    tally: Tally,
    *,
    delete: bool,
) -> None:
    """moment_of: when a file was made, by its name and status; None for one that is not ours."""
    with os.scandir(descriptor) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        try:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            moment = moment_of(name, status) if stat.S_ISREG(status.st_mode) else None
            if moment is None or moment >= before:
                continue
            beside = _beside(name, names, descriptor)
            for one in (name, *beside) if delete else ():
                os.unlink(one, dir_fd=descriptor)
        except FileNotFoundError:
            continue  # somebody else was faster
        except OSError as error:
            tally.failed.append(f"{folder / name}: {error.strerror}")
        else:
            tally.add(moment, status.st_size + sum(beside.values()))


def _recorded(name: str, status: os.stat_result) -> datetime | None:
    """When a recording was made: as its name says, unless the file was written later."""
    if not name.endswith(SUFFIX):
        return None
    written = datetime.fromtimestamp(status.st_mtime, UTC)
    try:
        return max(written, datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC))
    except ValueError:
        return written


def _beside(name: str, names: list[str], descriptor: int) -> dict[str, int]:
    """The file of what is known of a recording, and its size, if there is one."""
    facts = f"{name.removesuffix(SUFFIX)}{FACTS}"
    if not name.endswith(SUFFIX) or facts not in names:
        return {}
    return {facts: os.stat(facts, dir_fd=descriptor, follow_symlinks=False).st_size}
