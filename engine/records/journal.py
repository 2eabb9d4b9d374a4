"""The file of finished calls: one JSON object a line."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger("flowctl.records")


class Journal:
    """Appends to a file such as `data/calls.jsonl`; every line is on the disk before `append` returns.

    The file is opened for each line, so that it may be rotated or removed at any time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Lock()

    async def append(self, record: dict[str, Any]) -> None:
        """Write one record. A disk that refuses costs no call: the record goes to the log instead."""
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        try:
            async with self._turn:
                await asyncio.to_thread(self._write, line.encode() + b"\n")
        except OSError as error:
            log.error("the record could not be written to %s (%s): %s", self._path, error.strerror, line)

    def _write(self, line: bytes) -> None:
        """All of the line, or nothing of it and an OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                # A server that was killed left half a line: it stays a line of its own.
                line = b"\n" + line
            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fdatasync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
