"""`flowctl doctor` looks at mailboxes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from support.sound import speech
from support.wav import write_wav

from engine.server.settings import Settings
from tools.flowctl.doctor.check import Finding, Patient
from tools.flowctl.doctor.checks import mailboxes

NOBODY = 65534


def look(folder: Path, text: str, *, by_nobody: bool = False) -> list[Finding]:
    """by_nobody: root, who may read everything, is somebody else meanwhile."""
    file = folder / "server.yaml"
    file.write_text(f"data: var\n{text}\n")
    file.chmod(0o600)
    patient = Patient(Settings.load(file), None)
    user = os.geteuid()
    try:
        if by_nobody and user == 0:
            os.seteuid(NOBODY)
        return list(asyncio.run(mailboxes.run(patient)))
    finally:
        os.seteuid(user)


def test_messages_are_counted(tmp_path: Path):
    folder = tmp_path / "var" / "recordings" / "sales"
    folder.mkdir(parents=True)
    write_wav(folder / "20270131T100000000000-call1.wav", speech(0.5, seed=1))
    write_wav(folder / "20270131T110000000000-call2.wav", speech(0.5, seed=1))
    (folder / "20270131T110000000000-call2.json").write_text('{"heard": true}')
    found = look(tmp_path, "mailboxes: {sales: {pin: '471147'}, empty: {pin: '4711'}}")
    assert [(one.state, one.message) for one in found] == [
        ("ok", "sales: 2 messages, 1 new"),
        ("ok", "empty: 0 messages, 0 new"),
    ]


@pytest.mark.parametrize(
    ("text", "state", "says"),
    [
        ("", "skipped", "none may be listened to"),
        ("mailboxes: {sales: {pin_file: missing}}", "error", "missing"),
        ("mailboxes: {sales: {pin: '471'}}", "warning", "3 digits is guessed"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, state: str, says: str):
    found = [one for one in look(tmp_path, text) if one.state == state]
    assert [says in one.message for one in found] == [True]
    assert "'471'" not in found[0].message
    assert state == "skipped" or found[0].advice


def test_a_folder_that_cannot_be_read(tmp_path: Path):
    folder = tmp_path / "var" / "recordings" / "sales"
    folder.mkdir(parents=True)
    folder.chmod(0)
    (found,) = look(tmp_path, "mailboxes: {sales: {pin: '4711'}}", by_nobody=True)
    folder.chmod(0o700)
    assert (found.state, str(folder) in found.advice) == ("error", True)
    assert "Permission denied" in found.message


def test_a_file_in_the_place_of_the_folder(tmp_path: Path):
    folder = tmp_path / "var" / "recordings" / "sales"
    folder.parent.mkdir(parents=True)
    folder.write_text("")
    (found,) = look(tmp_path, "mailboxes: {sales: {pin: '4711'}}")
    assert (found.state, "Not a directory" in found.message) == ("error", True)
