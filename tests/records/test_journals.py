"""The journals: the right file for each call, one row each whatever happens, and nothing that a spreadsheet obeys."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.served import ROOT

from engine.records import journal_files
from engine.records.journal_files import END, MARK, JournalFiles
from engine.records.journals import HEADERS, ended_at, file_name, harmless, journal_entry, row

PARIS = ZoneInfo("Europe/Paris")


def call(identity: str = "a1", started: str = "2027-07-13T12:00:00", **more: Any) -> dict[str, Any]:
    """As `CallRecord.as_dict`, times in UTC."""
    return {
        "id": identity, "direction": "in", "did": "32", "cli": "0143670903", "caller": "+33143670903",
        "channel": "sip/1", "scenario": "desk", "version": "1", "started": f"{started}.250+00:00", "answered": 0.6,
        "duration": 61.4, "path": [], "keys": "", "result": "ended", "reason": None, "agent": None,
        "transferred_to": None, "recordings": [], "warnings": [], "server": "main", **more,
    }  # fmt: skip


# Which file


@pytest.mark.parametrize(
    ("period", "made", "abandoned"),
    [
        ("single", "SNTJournal.CSV", "ERRJournal.CSV"),
        ("daily", "SNT20270105.CSV", "ERR20270105.CSV"),
        ("monthly", "SNT202701.CSV", "ERR202701.CSV"),
        ("yearly", "SNT2027.CSV", "ERR2027.CSV"),
        ("none", None, None),
    ],
)
def test_files_have_the_names_that_they_have_always_had(period, made, abandoned):
    day = datetime(2027, 1, 5, 12, tzinfo=PARIS)
    assert (file_name("calls", period, day), file_name("abandoned", period, day)) == (made, abandoned)


@pytest.mark.parametrize(
    ("zone", "started", "duration", "file"),
    [
        ("Europe/Paris", "2026-12-31T22:59:00", 59.0, "SNT20261231.CSV"),
        ("Europe/Paris", "2026-12-31T22:59:00", 60.0, "SNT20270101.CSV"),
        ("Europe/Paris", "2027-03-27T22:59:59", 0.5, "SNT20270327.CSV"),
        ("Europe/Paris", "2027-03-27T23:00:00", 0.0, "SNT20270328.CSV"),
        ("Europe/Paris", "2027-03-28T21:59:59", 0.5, "SNT20270328.CSV"),
        ("Europe/Paris", "2027-03-28T22:00:00", 0.0, "SNT20270329.CSV"),
        ("Europe/Paris", "2027-10-30T22:00:00", 0.0, "SNT20271031.CSV"),
        ("Europe/Paris", "2027-10-31T22:59:59", 0.5, "SNT20271031.CSV"),
        ("Europe/Paris", "2027-10-31T23:00:00", 0.0, "SNT20271101.CSV"),
        ("Asia/Kolkata", "2027-10-31T18:29:59", 0.5, "SNT20271031.CSV"),
        ("Asia/Kolkata", "2027-10-31T18:30:00", 0.0, "SNT20271101.CSV"),
        ("UTC", "2027-02-28T23:59:59", 1.0, "SNT20270301.CSV"),
    ],
)
def test_a_call_is_in_the_file_of_the_day_on_which_it_ended(zone, started, duration, file):
    ended = ended_at(call(started=started, duration=duration) | {"started": f"{started}+00:00"}, ZoneInfo(zone))
    assert file_name("calls", "daily", ended) == file


@pytest.mark.parametrize(
    ("more", "connected", "journal"),
    [
        ({}, False, "calls"),
        ({"result": "rejected"}, False, "calls"),
        ({"result": "caller_hung_up"}, False, "abandoned"),
        ({"result": "caller_hung_up"}, True, "calls"),
        ({"result": "caller_hung_up", "recordings": [{"kind": "voicemail"}]}, False, "calls"),
        ({"result": "caller_hung_up", "recordings": [{"kind": "call"}]}, False, "abandoned"),
        ({"result": "failed"}, False, "abandoned"),
        ({"result": "failed", "agent": "201"}, False, "calls"),
        ({"result": "transferred", "transferred_to": "17"}, False, "calls"),
        ({"result": "interrupted"}, False, "abandoned"),
        ({"direction": "out", "agent": "201", "result": "failed"}, False, "abandoned"),
        ({"direction": "out", "agent": "201", "result": "caller_hung_up"}, False, "abandoned"),
        ({"direction": "out", "agent": "201", "result": "caller_hung_up"}, True, "calls"),
        ({"direction": "out", "agent": "201", "result": "ended"}, True, "calls"),
    ],
)
def test_abandoned_is_what_ended_before_anybody_was_served(more, connected, journal):
    assert journal_entry(call(**more), connected=connected).body["journal"] == journal


# What is in a row


def test_a_row_in_french_and_in_english():
    body = call(started="2027-10-31T00:30:00", agent="201", reason="voilà", result="transferred")
    assert dict(zip(HEADERS["fr"], row(body, PARIS, "fr"), strict=True)) == {
        "Date": "31/10/2027", "Heure": "02:30:00", "Début UTC": "2027-10-31T00:30:00Z", "Sens": "entrant",
        "Appelant": "+33143670903", "Appelé": "32", "Canal": "sip/1", "Scénario": "desk", "Agent": "201",
        "Transféré à": "", "Décroché après (s)": "1", "Durée (s)": "61", "Résultat": "transféré", "Motif": "voilà",
        "Serveur": "main", "Appel": "a1",
    }  # fmt: skip
    hour_later = row(call(started="2027-10-31T01:30:00", answered=None), PARIS, "en")
    assert hour_later[:4] == ("2027-10-31", "02:30:00", "2027-10-31T01:30:00Z", "in")
    assert hour_later[10:13] == ("", "61", "ended")


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("+33143670903", "+33143670903"),
        ("0143670903", "0143670903"),
        ("=1+1", "'=1+1"),
        ("+33143670903\r\n=1+1", "'+33143670903 =1+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", " '=1"),
        ("＝1", "'＝1"),
        ("x,=1;+1|-1", "x,'=1;'+1|'-1"),
        ("\u202e=1", " '=1"),
        ("33\u2066\u200f44", "33 44"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_compute_is_text(given_, kept):
    assert harmless(given_) == kept


@given(st.text(), st.text())
def test_no_value_is_a_formula_or_another_line(cli, reason):
    body = call(cli=cli, caller="", reason=reason, agent=cli)
    text = journal_files._line(row(body, PARIS, "fr"))
    assert text.count(b"\n") == text.count(b"\r") == 1
    for delimiter in (";", ",", "|"):
        (values,) = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter)
        for value in values:
            assert not re.match(r"\s*[=@\-+＝＋－＠]", value) or re.fullmatch(r"\+[0-9]{1,20}", value)


# Files


def rows(*identities: str) -> dict[str, tuple[str, ...]]:
    return {identity: ("é;", identity) for identity in identities}


def lines(path: Path) -> list[str]:
    content = path.read_bytes()
    assert content.startswith(MARK) and content.endswith(END)
    return content.removeprefix(MARK).decode().split("\r\n")[:-1]


HEADER = ("Value", "Call")
ROW = '"é;";{}'


def test_a_file_has_a_header_and_each_row_once(tmp_path: Path):
    files = JournalFiles(tmp_path / "new", HEADER)
    files.add("SNT2027.CSV", rows("a", "b"))
    files.add("SNT2027.CSV", rows("b", "c"))
    files.forget()
    files.add("SNT2027.CSV", rows("d"))
    assert lines(tmp_path / "new" / "SNT2027.CSV") == ["Value;Call", *map(ROW.format, "abcd")]


def test_the_next_run_knows_what_is_there(tmp_path: Path):
    JournalFiles(tmp_path, HEADER).add("x.CSV", rows("a", "b"))
    again = JournalFiles(tmp_path, HEADER)
    again.add("x.CSV", rows("b", "c"))
    again.add("x.CSV", rows("b", "c"))
    assert lines(tmp_path / "x.CSV") == ["Value;Call", *map(ROW.format, "abc")]


@pytest.mark.parametrize("cut", range(31))
def test_a_line_that_was_begun_is_written_anew(tmp_path: Path, cut: int):
    JournalFiles(tmp_path, HEADER).add("x.CSV", rows("a", "b"))
    whole = (tmp_path / "x.CSV").read_bytes()
    assert len(whole) > 30
    (tmp_path / "x.CSV").write_bytes(whole[:cut])
    JournalFiles(tmp_path, HEADER).add("x.CSV", rows("a", "b"))
    assert (tmp_path / "x.CSV").read_bytes() == whole


def test_what_somebody_has_added_stays(tmp_path: Path):
    JournalFiles(tmp_path, HEADER).add("x.CSV", rows("a"))
    with (tmp_path / "x.CSV").open("a") as file:
        file.write("mine")
    JournalFiles(tmp_path, HEADER).add("x.CSV", rows("b"))
    assert lines(tmp_path / "x.CSV") == ["Value;Call", ROW.format("a"), "mine", ROW.format("b")]


def test_a_file_that_was_taken_away_begins_anew(tmp_path: Path):
    files = JournalFiles(tmp_path, HEADER)
    files.add("x.CSV", rows("a"))
    files.forget()
    (tmp_path / "x.CSV").unlink()
    files.add("x.CSV", rows("b"))
    assert lines(tmp_path / "x.CSV") == ["Value;Call", ROW.format("b")]


def test_a_full_disk_leaves_no_half_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = JournalFiles(tmp_path, HEADER)
    files.add("x.CSV", rows("a"))
    real, room = os.pwrite, [5]

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if room:
            return real(descriptor, data[: room.pop()], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    before = (tmp_path / "x.CSV").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(journal_files.os, "pwrite", pwrite)
        with pytest.raises(OSError, match="space"):
            files.add("x.CSV", rows("a", "b"))
    assert (tmp_path / "x.CSV").read_bytes() == before
    files.add("x.CSV", rows("a", "b"))
    assert lines(tmp_path / "x.CSV") == ["Value;Call", *map(ROW.format, "ab")]


WRITER = """
import sys
from pathlib import Path
from engine.records.journal_files import JournalFiles
files = JournalFiles(Path(sys.argv[1]), ("Value", "Call"))
for number in range(int(sys.argv[3])):
    identity = f"{sys.argv[2]}{number}"
    files.add("x.CSV", {identity: ("x" * 500, identity)})
    print(identity, flush=True)
    files.forget()
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def test_two_servers_share_a_file(tmp_path: Path):
    writers = [writer(tmp_path, name, 50) for name in "pq"]
    assert [len(one.communicate(timeout=20)[0].split()) for one in writers] == [50, 50]
    found = [line.rpartition(";")[2] for line in lines(tmp_path / "x.CSV")]
    assert found[0] == "Call"
    assert sorted(found[1:]) == sorted(f"{name}{number}" for name in "pq" for number in range(50))


def test_killed_at_any_moment_each_row_is_there_once(tmp_path: Path):
    told: set[str] = set()
    for turn in range(8):
        one = writer(tmp_path, f"k{turn}-", 100_000)
        assert one.stdout is not None
        told.add(one.stdout.readline().decode().strip())
        time.sleep(0.02)
        os.kill(one.pid, signal.SIGKILL)
        told.update(line.decode().strip() for line in one.stdout if line.endswith(b"\n"))
        one.stdout.close()
        one.wait(10)
        # What was under way comes again.
        pending = f"k{turn}-{max(int(name.partition('-')[2]) for name in told if name.startswith(f'k{turn}-')) + 1}"
        JournalFiles(tmp_path, HEADER).add("x.CSV", {pending: ("x" * 500, pending)})
        told.add(pending)
    found = [line.rpartition(";")[2] for line in lines(tmp_path / "x.CSV")][1:]
    assert len(found) == len(set(found))
    assert set(found) == told
