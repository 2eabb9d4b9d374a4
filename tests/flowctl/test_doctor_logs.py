"""`flowctl doctor` on the folders of the daily log and the journals."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from engine.server.settings import Settings
from tools.flowctl.doctor.check import Patient
from tools.flowctl.doctor.checks.logs import CHECK


def look(root: Path, **sections: Any) -> list[tuple[str, str]]:
    """State and message of each finding."""
    settings = Settings(data=root, **sections)
    findings = asyncio.run(CHECK.run(Patient(settings, None)))  # type: ignore[arg-type]
    return [(found.state, found.message) for found in findings]


def test_folders_are_made_or_can_be_written_to(tmp_path: Path):
    logs = tmp_path / "Logs"
    assert look(tmp_path) == [("ok", f"{logs} is made at the first start"), ("skipped", "no journals are set")]
    logs.mkdir()
    journals = {"calls": "daily", "folder": str(tmp_path / "other" / "folder")}
    assert look(tmp_path, journals=journals) == [
        ("ok", f"{logs} can be written to"),
        ("ok", f"{tmp_path}/other/folder is made at the first start"),
    ]
    assert list(logs.iterdir()) == []
    assert not (tmp_path / "other").exists()


def test_what_cannot_be_written_to_is_wrong(tmp_path: Path):
    (tmp_path / "Logs").touch()
    (tmp_path / "file").touch()
    journals = {"abandoned": "single", "folder": str(tmp_path / "file" / "folder")}
    (logs, said), (folder, why) = look(tmp_path, journals=journals)
    assert (logs, folder) == ("error", "error")
    assert said == f"{tmp_path}/Logs cannot be written to: Not a directory"
    assert why == f"{tmp_path}/file/folder cannot be written to: {tmp_path}/file cannot be written to"


def test_a_link_is_told(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Logs").symlink_to(tmp_path / "elsewhere")
    assert [state for state, _ in look(tmp_path)] == ["ok", "warning", "skipped"]
