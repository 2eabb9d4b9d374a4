"""The file of finished calls that earlier versions wrote, one JSON object a line: taken over once."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.records.outbox import Entry, Outbox

log = logging.getLogger("flowctl.records")

FILE = "calls.jsonl"
"""Below the server's data folder."""
TAKEN = ".imported"
"""Put behind its name afterwards."""
BATCH = 500

DEFAULTS: dict[str, Any] = {
    "direction": "in",
    "cli": "",
    "caller": "",
    "channel": "",
    "scenario": "",
    "version": "",
    "duration": 0.0,
    "path": [],
    "keys": "",
    "result": "failed",
    "recordings": [],
    "warnings": [],
}
"""What the oldest of them did not say."""


async def take_over(data: Path, outbox: Outbox, server: str) -> None:
    """Put the calls of such a file into the outbox, and rename it. Killed on the way, it is done again from the
    start, and each call is there once. Raises OSError."""
    file = data / FILE
    if not await asyncio.to_thread(file.exists):
        return
    count = 0
    lines = _calls(file)
    while batch := await asyncio.to_thread(lambda: list(itertools.islice(lines, BATCH))):
        await outbox.put(*(Entry("call", call["id"], {**DEFAULTS, **call, "server": server}) for call in batch))
        count += len(batch)
    await asyncio.to_thread(file.rename, file.with_name(FILE + TAKEN))
    log.info("%s: %d calls are in the records now", file, count)


def _calls(file: Path) -> Iterator[dict[str, Any]]:
    """Blocking."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                call = json.loads(line)
                if not all(isinstance(call[name], str) for name in ("id", "did", "started")):
                    raise TypeError
            except (ValueError, TypeError, KeyError, RecursionError):
                log.warning("%s:%d is not the record of a call, and left out", file, number)
            else:
                yield call
