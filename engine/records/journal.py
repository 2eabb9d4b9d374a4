"""The file of finished calls: one JSON object a line."""

from __future__ import annotations

import asyncio
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
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
