"""The daily log: the right file for each line, and nobody waits for it."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.served import ROOT

from engine.records import daily_log
from engine.records.daily_log import DailyLog, day_of, name_of

PARIS = ZoneInfo("Europe/Paris")

Make = Callable[..., DailyLog]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[DailyLog] = []

    def make(zone: ZoneInfo = PARIS, *, folder: Path = tmp_path / "Logs") -> DailyLog:
        made.append(DailyLog(folder, zone, retry=0.01))
        return made[-1]

    yield make
    for one in made:
        one.close()


def say(log: DailyLog, moment: str, text: str = "") -> None:
    """Log a line at a moment, ISO 8601 in UTC."""
    record = logging.makeLogRecord({"msg": text or moment, "levelno": logging.INFO})
    record.created = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    log.handle(record)


def files(folder: Path) -> dict[str, list[str]]:
    return {path.name: path.read_text().splitlines() for path in sorted(folder.iterdir())}


def test_a_file_is_named_by_its_day():
    assert name_of(date(2027, 1, 2)) == "02012027.log"
    assert day_of("02012027.log") == date(2027, 1, 2)
    assert [day_of(name) for name in ("31022027.log", "02012027.log.gz", "2012027.log", "x.log")] == [None] * 4


def test_a_new_year_begins_at_midnight_of_the_zone(tmp_path: Path, make: Make):
    log = make()
    say(log, "2026-12-31T22:59:59.999")
    say(log, "2026-12-31T23:00:00")
    say(log, "2027-01-01T00:00:00")
    log.close()
    assert files(tmp_path / "Logs") == {
        "01012027.log": ["2026-12-31T23:00:00", "2027-01-01T00:00:00"],
        "31122026.log": ["2026-12-31T22:59:59.999"],
    }


@pytest.mark.parametrize(
    ("zone", "day", "first", "last", "hours"),
    [
        ("Europe/Paris", "28032027", "2027-03-27T23:00", "2027-03-28T21:59:59", 23),
        ("Europe/Paris", "31102027", "2027-10-30T22:00", "2027-10-31T22:59:59", 25),
        ("Asia/Kolkata", "31102027", "2027-10-30T18:30", "2027-10-31T18:29:59", 24),
    ],
)
def test_each_day_has_all_its_hours(
    tmp_path: Path, make: Make, zone: str, day: str, first: str, last: str, hours: int
):
    log = make(ZoneInfo(zone))
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()
    for half_hour in range(-1, hours * 2 + 1):
        moment = datetime.fromtimestamp(begin + half_hour * 1800, UTC).replace(tzinfo=None)
        say(log, moment.isoformat())
    say(log, last)
    log.close()
    written = files(tmp_path / "Logs")
    assert len(written) == 3
    assert len(written[f"{day}.log"]) == hours * 2 + 1
    assert written[f"{day}.log"][-1] == last


def test_a_clock_set_back_over_midnight_goes_on_in_the_day_that_it_shows(tmp_path: Path, make: Make):
    log = make()
    for moment in ("2027-07-12T21:50", "2027-07-12T22:10", "2027-07-12T21:10", "2027-07-12T22:20"):
        say(log, moment)
    log.close()
    assert files(tmp_path / "Logs") == {
        "12072027.log": ["2027-07-12T21:50", "2027-07-12T21:10"],
        "13072027.log": ["2027-07-12T22:10", "2027-07-12T22:20"],
    }


def test_a_disk_that_refuses_is_told_once_and_loses_nothing_for_a_while(
    tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(daily_log, "WAITING", 5)
    (tmp_path / "Logs").touch()
    log = make()
    say(log, "2027-07-12T10:00", "first")
    until(lambda: "cannot be written" in caplog.text)
    for number in range(8):
        say(log, "2027-07-12T10:00", str(number))
    time.sleep(0.05)
    (tmp_path / "Logs").unlink()
    until(lambda: "missing in it: 3" in caplog.text)
    log.close()
    assert caplog.text.count("cannot be written") == 1
    assert files(tmp_path / "Logs") == {"12072027.log": ["first", "0", "1", "2", "3", "4"]}


def test_a_disk_that_is_full_in_the_middle_of_a_line_goes_on_there(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
):
    real, room = os.write, [7, 0, 0, 1]

    def write(descriptor: int, data: bytes) -> int:
        if not room:
            return real(descriptor, data)
        if left := room.pop(0):
            return real(descriptor, data[:left])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(daily_log.os, "write", write)
    log = make()
    say(log, "2027-07-12T10:00", "a line of some length")
    say(log, "2027-07-12T10:00", "another")
    until(lambda: not room and (tmp_path / "Logs" / "12072027.log").stat().st_size == 30)
    log.close()
    assert files(tmp_path / "Logs") == {"12072027.log": ["a line of some length", "another"]}


def test_nobody_waits_for_a_slow_disk(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch):
    stuck, freed, real = threading.Event(), threading.Event(), os.write

    def write(descriptor: int, data: bytes) -> int:
        stuck.set()
        freed.wait(10)
        return real(descriptor, data)

    monkeypatch.setattr(daily_log.os, "write", write)
    log = make()
    say(log, "2027-07-12T10:00")
    assert stuck.wait(5)
    begun = time.process_time()
    for _ in range(2_000):
        say(log, "2027-07-12T10:00")
    assert time.process_time() - begun < 1
    freed.set()
    log.close()
    assert len(files(tmp_path / "Logs")["12072027.log"]) == 2_001


def test_a_file_that_somebody_deletes_is_made_again(tmp_path: Path, make: Make):
    log = make()
    file = tmp_path / "Logs" / "12072027.log"
    say(log, "2027-07-12T10:00", "one")
    until(lambda: file.exists() and file.stat().st_size > 0)
    file.unlink()
    say(log, "2027-07-12T10:00", "two")
    log.close()
    assert file.read_text() == "two\n"


WRITER = """
import logging, sys
from datetime import UTC
from pathlib import Path
from engine.records.daily_log import DailyLog
log = DailyLog(Path(sys.argv[1]), UTC)
for number in range(3000):
    record = logging.makeLogRecord({"msg": f"{sys.argv[2]} {number} " + "x" * 90})
    record.created = 1_815_000_000.0
    log.handle(record)
log.close()
"""


def test_two_processes_write_whole_lines(tmp_path: Path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], cwd=ROOT) for name in "ab"]
    assert [writer.wait(20) for writer in writers] == [0, 0]
    ((_, lines),) = files(tmp_path).items()
    expected = [f"{name} {number} {'x' * 90}" for name in "ab" for number in range(3000)]
    assert sorted(lines) == sorted(expected)


def until(holds: Callable[[], bool]) -> None:
    """Wait for the log's thread, some seconds at most."""
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
