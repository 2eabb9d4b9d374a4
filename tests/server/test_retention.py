"""Once each night, whatever the clock does; and by command."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.mariadb import MariaDb
from support.served import served
from typer.testing import CliRunner

from engine.clock import LoopClock, run_virtual
from engine.records.tables import CALLS
from engine.server.retention import each_night, purge_nightly
from engine.server.settings import Settings
from engine.server.store import database_of
from tools.flowctl.commands.purge import app


class Set:
    """A clock that goes on with the loop's, and may be set."""

    def __init__(self, start: str) -> None:
        self._clock = LoopClock(datetime.fromisoformat(start).replace(tzinfo=UTC))
        self.by = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.by


def nights(zone: str, start: str, hours: float, then: Callable[[Set], Awaitable[None]] | None = None) -> list[str]:
    """When the work was done, to the minute on the clocks of the zone."""
    done: list[str] = []
    there = ZoneInfo(zone)

    async def run() -> None:
        clock = Set(start)

        async def work(now: datetime) -> None:
            done.append(f"{now.astimezone(there):%d %H:%M}")

        task = asyncio.create_task(each_night(clock, there, work))
        if then is not None:
            await then(clock)
        await asyncio.sleep(hours * 3600 + 1)
        task.cancel()

    run_virtual(run)
    return done


@pytest.mark.parametrize(
    ("zone", "start", "hours", "expected"),
    [
        ("Europe/Paris", "2027-03-27T12:00", 48, ["28 03:30", "29 03:30"]),
        ("Europe/Paris", "2027-10-30T12:00", 48, ["31 03:30", "01 03:30"]),
        ("Europe/Paris", "2026-12-31T12:00", 24, ["01 03:30"]),
        ("Asia/Kolkata", "2027-07-13T12:00", 48, ["14 03:30", "15 03:30"]),
        ("UTC", "2027-07-13T03:29:30", 12, ["13 03:30"]),
        ("UTC", "2027-07-13T03:31", 12, []),
    ],
)
def test_once_each_night(zone, start, hours, expected):
    assert nights(zone, start, hours) == expected


def test_a_clock_set_back_an_hour_does_it_once():
    async def back(clock: Set) -> None:
        await asyncio.sleep(3600)
        clock.by -= timedelta(hours=1)

    assert nights("UTC", "2027-07-13T03:00", 26, back) == ["13 03:30", "14 03:30"]


@pytest.mark.parametrize("days", [-4000, 4000])
def test_a_clock_that_is_wrong_for_an_hour_deletes_nothing(days):
    async def wrong(clock: Set) -> None:
        await asyncio.sleep(3600)
        clock.by += timedelta(days=days)
        await asyncio.sleep(3600)
        clock.by -= timedelta(days=days)

    done = nights("UTC", "2027-07-13T03:00", 26, wrong)
    assert done == ["13 03:30", "14 03:30"]


# All of it

NOW = datetime.now(UTC)


def old_things(root: Path, **more: Any) -> Settings:
    """A server's folder with something old of each kind of file."""
    (root / "server.yaml").write_text(json.dumps({"time_zone": "Europe/Paris", **more}))
    for days in (170, 190, 360, 370):
        moment = NOW - timedelta(days=days)
        for path in (
            root / "var" / "Logs" / f"{moment:%d%m%Y}.log",
            root / "var" / "recordings" / "calls" / f"{moment:%Y%m%dT%H%M%S%f}-a.wav",
            root / "var" / "recordings" / "office" / f"{moment:%Y%m%dT%H%M%S%f}-a.wav",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x" * 1000)
            os.utime(path, (moment.timestamp(),) * 2)
    return Settings.load(root / "server.yaml")


def old_calls(settings: Settings) -> None:
    """Calls of 360 and 370 days ago."""
    row = {column.name: "[]" for column in CALLS.c} | {"answered": None, "duration": 1.0}

    async def run() -> None:
        database = await asyncio.to_thread(database_of, settings)
        for days in (360, 370):
            moment = NOW - timedelta(days=days)
            values = {**row, "id": str(days), "started": moment.replace(tzinfo=None), "direction": "in"}
            values["slot"] = int(moment.timestamp()) // 900
            await database.write(lambda connection, values=values: connection.execute(CALLS.insert(), [values]))
        await database.close()

    asyncio.run(run())


def purge(root: Path, *options: str) -> dict[str, int]:
    """The numbers of `flowctl purge --format json`, by kind, of what there was something."""
    result = CliRunner().invoke(app, ["--config", str(root / "server.yaml"), "--format", "json", *options])
    assert result.exit_code == 0, result.output
    return {tally["kind"]: tally["number"] for tally in json.loads(result.stdout) if tally["number"]}


@pytest.mark.parametrize("place", ["sqlite", "mariadb"])
def test_the_command_says_what_would_go_and_then_it_is_gone(
    tmp_path: Path, place: str, request: pytest.FixtureRequest
):
    more: dict[str, Any] = {}
    if place == "mariadb":
        server: MariaDb = request.getfixturevalue("mariadb_server")
        server.run("CREATE DATABASE purged")
        more["database"] = {"url": server.url_of("purged")}
    old_calls(old_things(tmp_path, **more))
    expected = {"logs": 1, "recordings": 3, "messages": 3, "calls": 1}
    assert purge(tmp_path, "--dry-run") == expected
    shown = CliRunner().invoke(app, ["--config", str(tmp_path / "server.yaml"), "--dry-run", "--language", "fr"])
    assert f"3      0.0 MB  {NOW - timedelta(days=370):%Y-%m-}" in shown.stdout and "enregistrements" in shown.stdout
    assert purge(tmp_path) == expected
    assert purge(tmp_path) == {}
    assert len(list((tmp_path / "var").rglob("*.log"))) == 3
    assert len(list((tmp_path / "var").rglob("*.wav"))) == 2


def test_what_is_kept_for_ever_is_kept(tmp_path: Path):
    keep = {"retention": {"logs": 0, "recordings": 0, "messages": 0, "records": 0}}
    old_calls(old_things(tmp_path, **keep))
    assert purge(tmp_path) == {}
    assert not list((tmp_path / "var").glob("*.part"))


def test_what_cannot_be_deleted_ends_with_1(tmp_path: Path):
    settings = old_things(tmp_path)
    logs = settings.data / "Logs"
    logs.rename(tmp_path / "elsewhere")
    logs.symlink_to(tmp_path / "elsewhere")
    result = CliRunner().invoke(app, ["--config", str(tmp_path / "server.yaml")])
    assert (result.exit_code, "Logs: it is a link" in result.stderr) == (1, True)


SERVER = """
from datetime import timedelta
from engine.server import retention
from tools.flowctl.main import main

by_night = retention.each_night

async def soon(clock, zone, work):
    retention.HOUR = (clock.now().astimezone(zone) + timedelta(seconds=0.5)).time()
    retention.LOOK_SECONDS = 0.1
    await by_night(clock, zone, work)

retention.each_night = soon
main()
"""


async def test_the_night_comes_to_a_server_that_runs(tmp_path: Path):
    # Where it is noon now: midnight is far away.
    zone = f"Etc/GMT{NOW.hour - 12:+}"
    settings = await asyncio.to_thread(old_things, tmp_path)
    async with served(tmp_path, {}, program=(sys.executable, "-c", SERVER), time_zone=zone) as server:
        await server.logged("retention: messages deleted: 3", timeout=20)
    left = await asyncio.to_thread(lambda: sorted(path.suffix for path in settings.data.rglob("*-a.wav")))
    assert left == [".wav"] * 2
    assert "retention: logs deleted: 1" in server.log()


async def test_a_server_does_it_by_night_and_a_night_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    monkeypatch.setattr("engine.server.retention.LOOK_SECONDS", 0.01)
    settings = await asyncio.to_thread(old_things, tmp_path)
    await asyncio.to_thread((settings.data / "flowctl.db").write_text, "no database at all")
    database = await asyncio.to_thread(database_of, settings)
    clock = Set((NOW.replace(tzinfo=None) + timedelta(days=1)).date().isoformat())
    task = asyncio.create_task(purge_nightly(settings, database, clock))
    async with asyncio.timeout(5):
        while "could not be deleted" not in caplog.text:
            await asyncio.sleep(0.01)
            clock.by += timedelta(hours=1)
        await asyncio.to_thread((settings.data / "flowctl.db").unlink)
        while "old records" in caplog.text:
            caplog.clear()
            clock.by += timedelta(hours=1)
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()
    left = await asyncio.to_thread(lambda: len(list(settings.data.rglob("*.wav"))))
    assert left == 2
