"""`flowctl records`: what a server has written down, drained or not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, insert
from typer.testing import CliRunner

from engine.call.record import CallRecord, Step
from engine.records.database import Database
from engine.records.outbox import Entry, Outbox
from engine.records.tables import CALLS, OFFERS, RECORDINGS, SEARCHES, STEPS, slot_of, stored
from tools.flowctl.commands.records import app
from tools.flowctl.moments import moment_of

NOON = datetime(2027, 7, 13, 12, tzinfo=UTC)


def call(identity: str, minutes: float, **more: Any) -> dict[str, Any]:
    """The record of a call so many minutes after noon."""
    record = CallRecord(
        id=identity,
        did="32",
        cli="0143670903",
        caller="+33143670903",
        channel="sip/1",
        scenario="desk",
        version="1",
        started=NOON + timedelta(minutes=minutes),
        answered=0.5,
        duration=60.25,
        path=[Step("welcome", "play", 0.0, "next"), Step("choice", "menu", 2.5)],
        keys="1xx",
        result="ended",
    )
    record.add_recording("voicemail", Path("/r/1.wav"), 3.0, mailbox="box")
    return {**record.as_dict(), **more, "server": "main"}


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A data folder with calls `a` and `b` in the database, and `b`, `c` in the outbox."""
    (tmp_path / "server.yaml").write_text("time_zone: Europe/Paris\n")
    (tmp_path / "var").mkdir()
    calls = call("a", 0, agent="201", warnings=["é"]), call("b", 5, result="transferred")
    drain(tmp_path / "var" / "flowctl.db", *calls)
    asyncio.run(fill(tmp_path / "var" / "outbox.db", calls[1], call("c", 2, cli="\x1b[2J", caller="", did="33")))
    return tmp_path


async def made(file: Path) -> None:
    database = Database(file)
    await database.upgrade()
    await database.close()


def drain(file: Path, *calls: dict[str, Any]) -> None:
    """Put calls into a database, each with a search and an offer."""
    asyncio.run(made(file))
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for body in calls:
            started = datetime.fromisoformat(body["started"])
            plain = {name: body[name] for name in CALLS.c.keys() if name in body}  # noqa: SIM118 - not a mapping
            row = {**plain, "started": stored(started), "slot": slot_of(started)}
            connection.execute(insert(CALLS).values({**row, "warnings": json.dumps(body["warnings"])}))
            for position, step in enumerate(body["path"]):
                connection.execute(insert(STEPS).values(call=body["id"], position=position, **step))
            for position, one in enumerate(body["recordings"]):
                details = json.dumps({"mailbox": one["mailbox"]})
                parts = {name: one[name] for name in ("kind", "file", "duration")}
                connection.execute(
                    insert(RECORDINGS).values(call=body["id"], position=position, details=details, **parts)
                )
            about = {"server": "main", "call": body["id"], "centre": "sales", "slot": slot_of(started)}
            connection.execute(
                insert(SEARCHES).values(
                    **about, id=f"s-{body['id']}", node="find", method="broadcast", started=stored(started),
                    waited=2.0, outcome="transferred", agent="201", talk=30.0,
                )
            )  # fmt: skip
            connection.execute(
                insert(OFFERS).values(
                    **about, id=f"o-{body['id']}", search=f"s-{body['id']}", agent="201", manner="all",
                    offered=stored(started), answer=1.0, ended=2.0, outcome="connected", talk=30.0,
                )
            )  # fmt: skip
    engine.dispose()


async def fill(file: Path, *calls: dict[str, Any]) -> None:
    outbox = Outbox(file)
    await outbox.open()
    await outbox.put(*(Entry("call", body["id"], body) for body in calls))
    offer = {
        "id": "o-c",
        "server": "main",
        "call": "c",
        "search": "",
        "agent": "202",
        "centre": "",
        "manner": "direct",
    }
    times = {"offered": "2027-07-13T12:02:01.000+00:00", "answer": None, "ended": 9.0, "talk": None}
    await outbox.put(Entry("offer", "o-c", {**offer, **times, "outcome": "unanswered"}))
    await outbox.close()


def run(server: Path, *words: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--config", str(server / "server.yaml")])
    assert result.exit_code == exit_code, result.output
    return result.stdout if exit_code == 0 else result.stderr


def ids(server: Path, *words: str) -> list[str]:
    return [one["id"] for one in json.loads(run(server, *words, "--format", "json"))]


def test_each_call_is_shown_once_wherever_it_is(server: Path):
    shown = json.loads(run(server, "--format", "json"))
    assert shown == [call("a", 0, agent="201", warnings=["é"]), call("c", 2, cli="\x1b[2J", caller="", did="33"),
                     call("b", 5, result="transferred")]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--since", "2027-07-13T14:02"], "cb"),
        (["--until", "2027-07-13T14:02"], "a"),
        (["--since", "2027-07-13T12:02:00+00:00", "--until", "2027-07-13T12:05Z"], "c"),
        (["--since", "2027-07-13", "--until", "2027-07-13"], "acb"),
        (["--until", "2027-07-12"], ""),
        (["--did", "32"], "ab"),
        (["--did", "33"], "c"),
        (["--cli", "0143670903"], "ab"),
        (["--cli", "+33143670903", "--limit", "1"], "b"),
        (["--agent", "201"], "a"),
        (["--result", "transferred"], "b"),
        (["--limit", "2"], "cb"),
    ],
)
def test_those_that_are_wanted(server: Path, words: list[str], found: str):
    assert "".join(ids(server, *words)) == found


def test_a_call_with_its_searches_and_offers(server: Path):
    (drained,) = json.loads(run(server, "--id", "a", "--format", "json"))
    assert drained["searches"] == [
        {"id": "s-a", "server": "main", "call": "a", "node": "find", "centre": "sales", "method": "broadcast",
         "started": "2027-07-13T12:00:00.000+00:00", "waited": 2.0, "outcome": "transferred", "agent": "201",
         "talk": 30.0}
    ]  # fmt: skip
    assert [(offer["agent"], offer["outcome"], offer["offered"]) for offer in drained["offers"]] == [
        ("201", "connected", "2027-07-13T12:00:00.000+00:00")
    ]
    *_, waiting, _ = json.loads(run(server, "--with-offers", "--format", "json"))
    assert [offer["outcome"] for offer in waiting["offers"]] == ["unanswered"]
    out = run(server, "--id", "a")
    assert "2027-07-13 14:00:00" in out
    assert "choice (menu)" in out
    assert "offer to 201 (all) at 2027-07-13 14:00:00: connected after 2.0 s, talked 30.0 s" in out
    assert "no call 'x'" in run(server, "--id", "x", exit_code=1)


def test_a_table_on_the_clocks_of_the_server(server: Path):
    lines = run(server).splitlines()
    assert lines[1].split() == [
        "2027-07-13", "14:00:00", "0143670903", "32", "desk", "60.2", "ended", "201", "a"
    ]  # fmt: skip
    assert "\x1b" not in lines[2]


def test_a_caller_with_an_endless_number_leaves_room_for_the_others(server: Path):
    endless = "é" * 3000
    asyncio.run(fill(server / "var" / "outbox.db", call("d", 9, cli=endless, caller="")))
    assert max(map(len, run(server).splitlines())) < 120
    assert endless in run(server, "--id", "d")


def test_a_server_that_has_never_run_has_no_calls(tmp_path: Path):
    (tmp_path / "server.yaml").write_text("data: var\n")
    assert run(tmp_path) == ""
    assert json.loads(run(tmp_path, "--format", "json")) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--since", "soon"], "'soon' is no moment"),
        (["--until", "2027-02-30"], "no moment"),
        (["--format", "xml"], "--format"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(server: Path, words: list[str], named: str):
    assert named in run(server, *words, exit_code=2)


def test_a_damaged_outbox_is_named(server: Path):
    (server / "var" / "outbox.db").write_text("no database at all " * 100)
    assert "outbox.db cannot be read" in run(server, exit_code=2)


def test_days_begin_on_the_clocks_of_the_zone():
    paris = ZoneInfo("Europe/Paris")
    assert moment_of("2027-10-31", paris, NOON) == datetime(2027, 10, 30, 22, tzinfo=UTC)
    assert moment_of("2027-10-31", paris, NOON, end=True) == datetime(2027, 10, 31, 23, tzinfo=UTC)
    assert moment_of("90s", paris, NOON) == NOON - timedelta(seconds=90)
    assert moment_of("7d", paris, NOON) == NOON - timedelta(days=7)
