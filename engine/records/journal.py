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

    Records that come while the disk is busy are written together: on a busy server most of the cost is the disk's
    confirmation. The file is opened each time, so that it may be rotated or removed while we run.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batch: list[str] = []
        self._next: asyncio.Task[None] | None = None
        """Writes the batch, once the writing before it is done."""
        self._last: asyncio.Task[None] | None = None

    async def append(self, record: dict[str, Any]) -> None:
        """Write one record. A disk that refuses costs no call: the record goes to the log instead."""
        self._batch.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
        if self._next is None:
            self._next = self._last = asyncio.ensure_future(self._flush(self._last))
        await asyncio.shield(self._next)

    async def _flush(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        batch, self._batch, self._next = self._batch, [], None
        try:
            await asyncio.to_thread(self._write, "".join(f"{line}\n" for line in batch).encode())
        except OSError as error:
            for line in batch:
                log.error("the record could not be written to %s (%s): %s", self._path, error.strerror, line)

    def _write(self, lines: bytes) -> None:
        """All of the lines, or nothing of them and an OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                # A server that was killed left half a line: it stays a line of its own.
                lines = b"\n" + lines
            try:
                if os.write(descriptor, lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fdatasync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
