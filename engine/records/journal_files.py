"""The files of the journals: a row is in its file once, whatever happened while it was written.

A file is UTF-8 with a byte-order mark, values are separated by semicolons, lines end with CR LF: so that a
spreadsheet opens it with a double click where the comma is the decimal sign. The last value of a row is the id of
the call.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

END = b"\r\n"
MARK = b"\xef\xbb\xbf"
TAIL = 65_536
"""Bytes at the end of a file in which its last line begins."""


class JournalFiles:
    """Adds rows to the files of a folder. All methods block."""

    def __init__(self, folder: Path, header: Sequence[str]) -> None:
        """folder: made when the first row is written."""
        self._folder = folder
        self._header = header
        self._written: dict[str, set[str]] = {}
        """The rows that may come again, by file: those that are there before we have written the first, and those
        that we have written and nobody has said `forget` of."""

    def add(self, name: str, rows: Mapping[str, Sequence[str]]) -> None:
        """Add rows to a file, and wait until they are on the disk; those that are there are left out. rows: by their
        last value. Raises OSError; no row is there in part then."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / name
        with _locked(path) as file:
            lines = {last: _line(row) for last, row in rows.items()}
            if name not in self._written:
                self._written[name] = _known(file, lines)
            header = MARK + _line(self._header)
            end = _mend(file, [header, *lines.values()])
            new = [line for last, line in lines.items() if last not in self._written[name]]
            if not new:
                return
            _append(file, end, (b"" if end else header) + b"".join(new))
        if not end:
            _sync_folder(self._folder)
        self._written[name].update(lines)

    def forget(self) -> None:
        """All that was added is known to be, and will not be added again."""
        for known in self._written.values():
            known.clear()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """A descriptor of the file, made where there is none; no other server writes meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _known(file: int, wanted: Mapping[str, bytes]) -> set[str]:
    """Which of the rows are in the file."""
    found = set()
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        for line in reader:
            last = line.rpartition(b";")[2].removesuffix(END).decode(errors="replace")
            if last in wanted and line.endswith(END):
                found.add(last)
    return found


def _mend(file: int, lines: Iterable[bytes]) -> int:
    """Where the next row goes. The end of a file may be the beginning of one of these lines, of somebody who was
    killed in the middle of it: it is taken away. Any other end without CR LF is somebody else's: it gets one."""
    size = os.fstat(file).st_size
    tail = os.pread(file, TAIL, max(0, size - TAIL))
    torn = tail[tail.rfind(END) + len(END) if END in tail else 0 :]
    if not torn:
        return size
    if any(line.startswith(torn) for line in lines):
        os.ftruncate(file, size - len(torn))
        return size - len(torn)
    _append(file, size, END)
    return size + len(END)


def _append(file: int, end: int, text: bytes) -> None:
    """All of it, on the disk, or nothing. Raises OSError."""
    try:
        written = 0
        while written < len(text):
            written += os.pwrite(file, text[written:], end + written)
        os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise


def _line(row: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(row)
    # A number may have half a character in it, as somebody has sent it.
    return text.getvalue().encode("utf-8", "replace")


def _sync_folder(folder: Path) -> None:
    """Have the name of a new file on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
