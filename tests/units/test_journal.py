"""The file of finished calls."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

from engine.records.journal import Journal


async def test_records_written_at_once_are_lines_of_their_own(tmp_path: Path):
    path = tmp_path / "new" / "calls.jsonl"
    journal = Journal(path)
    await asyncio.gather(*(journal.append({"id": n, "text": "é" * 100}) for n in range(50)))
    lines = (await asyncio.to_thread(path.read_text)).splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == list(range(50))
    assert (await asyncio.to_thread(path.stat)).st_mode & 0o777 == 0o600


async def test_a_record_that_cannot_be_written_goes_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    journal = Journal(tmp_path)  # a folder is in the way
    with caplog.at_level(logging.ERROR, "flowctl.records"):
        await journal.append({"id": "lost-and-found"})
    assert "lost-and-found" in caplog.text
