"""`flowctl logs`: the end of today's file, and on over midnight."""

from __future__ import annotations

import asyncio
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.served import FLOWCTL, ROOT, dial, run, served
from typer.testing import CliRunner

from engine.records.daily_log import name_of
from tools.flowctl.commands.logs import app
from tools.flowctl.tail import Follower, start_of_last

PARIS = ZoneInfo("Europe/Paris")


class Hand:
    """A clock by hand."""

    def __init__(self, moment: str) -> None:
        self.at = datetime.fromisoformat(moment).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_lines_come_whole_from_one_day_to_the_next(tmp_path: Path):
    clock = Hand("2027-03-27T22:59")
    saturday, sunday = tmp_path / "27032027.log", tmp_path / "28032027.log"
    follower = Follower(tmp_path, PARIS, clock)
    assert list(follower.more()) == []
    write(saturday, "one\ntwo\nthr")
    assert list(follower.more()) == ["one", "two"]
    clock.at += timedelta(minutes=2)
    write(saturday, "ee\n")
    assert list(follower.more()) == ["three"]
    write(sunday, "four\n")
    assert list(follower.more()) == ["four"]
    clock.at -= timedelta(minutes=3)
    write(saturday, "once more\n")
    assert list(follower.more()) == ["once more"]
    clock.at += timedelta(minutes=3)
    write(sunday, "five\n")
    assert list(follower.more()) == ["five"]


def test_after_midnight_the_last_lines_are_those_of_the_day_before_until_there_are_others(tmp_path: Path):
    clock = Hand("2027-03-27T23:01")
    write(tmp_path / "26032027.log", "old\n")
    write(tmp_path / "27032027.log", "one\ntwo\n")
    write(tmp_path / "29032027.log", "of a clock that was wrong\n")
    follower = Follower(tmp_path, PARIS, clock)
    follower.skip(1)
    assert list(follower.more()) == ["two"]
    write(tmp_path / "28032027.log", "three\n")
    assert list(follower.more()) == ["three"]


def test_a_file_that_is_begun_anew_is_read_anew(tmp_path: Path):
    follower = Follower(tmp_path, PARIS, Hand("2027-03-27T12:00"))
    file = tmp_path / "27032027.log"
    write(file, "long enough\n")
    assert list(follower.more()) == ["long enough"]
    file.write_text("new\n")
    assert list(follower.more()) == ["new"]


@pytest.mark.parametrize("length", [1, 50, 70_000])
@pytest.mark.parametrize("wanted", [0, 1, 3, 9])
def test_the_last_lines_are_found_from_the_end(tmp_path: Path, wanted: int, length: int):
    lines = [f"{number}" * length for number in range(5)]
    file = tmp_path / "log"
    file.write_text("".join(f"{line}\n" for line in lines))
    found = file.read_bytes()[start_of_last(file, wanted) :].decode().splitlines()
    assert found == lines[max(0, 5 - wanted) :]


def test_a_day_that_has_no_log_or_is_none_ends_with_2(tmp_path: Path):
    config = tmp_path / "server.yaml"
    config.write_text("time_zone: UTC\n")
    for day, said in (("2027-02-30", "is no day"), ("2027-02-28", "28022027.log")):
        result = CliRunner().invoke(app, ["--day", day, "--config", str(config)])
        assert (result.exit_code, said in result.stderr) == (2, True)


async def test_the_log_has_when_a_server_began_and_ended_and_why(tmp_path: Path):
    async with served(tmp_path, {}, name="north", time_zone="UTC"):
        pass
    config = tmp_path / "server.yaml"
    await asyncio.to_thread(config.write_text, '{"time_zone": "UTC", "sip": {"listen": "192.0.2.1:5060"}}')
    code, _, why = await run(*FLOWCTL, "serve", "--config", config)
    _, shown, _ = await run(*FLOWCTL, "logs", "--config", config, "-n", 100)
    lines = shown.splitlines()
    assert code == 2
    assert "server north begins, process " in lines[0]
    assert sum(line.endswith("server north has ended") for line in lines) == 1
    last = lines[-1].partition("] ")
    assert last[0].endswith("[error    ") and last[2] in why


async def test_a_server_logs_into_the_file_of_its_day_with_numbers_masked(tmp_path: Path):
    logs = {"mask_numbers": True, "level": "warning"}
    async with served(tmp_path, {}, time_zone="Pacific/Kiritimati", logs=logs) as server:
        follow = await asyncio.create_subprocess_exec(
            *FLOWCTL, "logs", "--follow", "--config", str(tmp_path / "server.yaml"),
            stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert follow.stdout is not None
        await dial(server.uri("0143670903"))
        async with asyncio.timeout(10):
            line = (await follow.stdout.readline()).decode()
        follow.send_signal(signal.SIGINT)
        assert await follow.wait() == 0
    file = tmp_path / "var" / "Logs" / name_of(datetime.now(ZoneInfo("Pacific/Kiritimati")).date())
    assert line in file.read_text()
    assert "no scenario for the called number 014367xxxx" in line
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+14:00 \[warning  \] ", line)
    assert "ready" not in file.read_text()
    assert "014367xxxx" in server.log() and "0143670903" not in server.log()
    assert file.stat().st_mode & 0o777 == 0o600
    _, shown, _ = await run(*FLOWCTL, "logs", "--config", tmp_path / "server.yaml", "-n", 100)
    assert line in shown
