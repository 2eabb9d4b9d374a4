"""The file of finished calls."""

from __future__ import annotations

import asyncio
import json
import logging
import os
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


async def test_half_a_record_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A disk that fills up in the middle of a line takes the line and nothing else."""
    path = tmp_path / "calls.jsonl"
    journal = Journal(path)
    await journal.append({"id": "first"})
    write = os.write
    monkeypatch.setattr("engine.records.journal.os.write", lambda fd, data: write(fd, data[:5]))
    with caplog.at_level(logging.ERROR, "flowctl.records"):
        await journal.append({"id": "second"})
    monkeypatch.undo()
    await journal.append({"id": "third"})
    lines = (await asyncio.to_thread(path.read_text)).splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["first", "third"]
    assert "second" in caplog.text


async def test_what_a_killed_server_left_stays_a_line_of_its_own(tmp_path: Path):
    path = tmp_path / "calls.jsonl"
    await asyncio.to_thread(path.write_text, '{"id": "ha')
    await Journal(path).append({"id": "whole"})
    lines = (await asyncio.to_thread(path.read_text)).splitlines()
    assert lines[0] == '{"id": "ha'
    assert json.loads(lines[1])["id"] == "whole"
