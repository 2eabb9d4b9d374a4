"""What a server that was killed has left behind, at the next start."""

from __future__ import annotations

import asyncio
import json
import logging
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.call.record import CallRecord, Step
from engine.centres.account import Account
from engine.centres.chronicle import SearchFact
from engine.clock import SystemClock
from engine.errors import ConfigurationError
from engine.records.facts import Facts
from engine.records.outbox import Entry, Outbox, waiting_in
from engine.records.rows import rows_of
from engine.records.tables import KINDS
from engine.server.records import KeptRecords
from engine.server.settings import Settings

NOON = datetime(2027, 7, 13, 12, tzinfo=UTC)


def record(identity: str = "a" * 32, **more: Any) -> CallRecord:
    known = {"did": "32", "cli": "0143670903", "caller": "", "channel": "sip/1", "scenario": "s", "version": "1"}
    return CallRecord(id=identity, started=NOON, **{**known, **more})


async def killed_after(root: Path, seconds: float, *begun: Entry | CallRecord) -> None:
    """A run that began all that at noon and was killed so many seconds later."""
    outbox = Outbox(root / "var" / "outbox.db", now=lambda: NOON.timestamp() + seconds)
    await outbox.open()
    facts = Facts(outbox, "main", SystemClock())
    for one in begun:
        facts.call_begins(one) if isinstance(one, CallRecord) else outbox.begin(one)
    await outbox.close()


@asynccontextmanager
async def started(root: Path) -> AsyncIterator[KeptRecords]:
    (root / "server.yaml").write_text("data: var\nname: main\n")
    kept = KeptRecords(await asyncio.to_thread(Settings.load, root / "server.yaml"), SystemClock())
    await kept.open()
    yield kept
    await kept.close()


async def next_start(root: Path) -> dict[str, dict[str, Any]]:
    """What the next run writes down before its first call, by kind; one of each."""
    async with started(root):
        entries = await asyncio.to_thread(waiting_in, root / "var" / "outbox.db", KINDS)
    return {entry.kind: entry.body for entry in entries}


def part(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(round(seconds * 8000) * 4))
    return path


async def test_a_call_that_was_up_is_interrupted_once(tmp_path: Path):
    await killed_after(tmp_path, 42.5, record(keys="1xx"))
    found = await next_start(tmp_path)
    assert (found["call"]["result"], found["call"]["duration"]) == ("interrupted", 42.5)
    assert found["call"]["keys"] == "1xx"
    async with started(tmp_path) as kept:
        assert await kept.outbox.count() == {"call": 1}


async def test_what_was_known_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.server.records.PROGRESS_SECONDS", 0.01)
    call = record()
    async with started(tmp_path) as kept:
        kept.facts.call_begins(call)
        call.path.append(Step("code", "collect", 1.5))
        call.keys = "xx"
        await asyncio.sleep(0.1)
    found = (await next_start(tmp_path))["call"]
    assert [step["node"] for step in found["path"]] == ["code"]
    assert (found["keys"], found["result"]) == ("xx", "interrupted")


async def test_its_recording_is_completed_and_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = tmp_path / "var" / "recordings"
    await killed_after(tmp_path, 1, record())
    part(folder / "box" / f"20270713T120000000000-{'a' * 32}-2.wav.part", 3.5)
    part(folder / "calls" / f"20270713T120000000000-{'b' * 32}.wav.part", 1)
    done = part(folder / "conversations" / f"20270713T120000000000-{'a' * 32}.wav", 2)
    part(folder / "others" / f"20270713T120000000000-{'c' * 32}.wav", 2)
    part(folder / "empty" / f"20270713T120000000000-{'a' * 32}.wav.part", 0)
    bad = part(folder / "bad" / f"20270713T120000000000-{'a' * 32}.wav.part", 0)
    await asyncio.to_thread(bad.write_bytes, b"RIFF")
    call = (await next_start(tmp_path))["call"]
    file = folder / "box" / f"20270713T120000000000-{'a' * 32}-2.wav"
    assert call["recordings"] == [
        {"kind": "voicemail", "file": str(file), "duration": 3.5, "interrupted": "yes", "mailbox": "box"},
        {"kind": "conversation", "file": str(done), "duration": 2.0, "interrupted": "yes"},
    ]
    # Whoever listens to the message hears from whom it is.
    facts = json.loads(await asyncio.to_thread(file.with_suffix(".json").read_text))
    assert facts == {"call": "a" * 32, "cli": "0143670903", "did": "32", "duration": 3.5}
    assert not done.with_suffix(".json").exists()
    # The recording goes on in a process of its own, which may live longer than the engine's last sign.
    assert call["duration"] == 3.5
    left = await asyncio.to_thread(
        lambda: sorted(f"{path.parent.name} {path.suffix}" for path in folder.rglob("*.*"))
    )
    assert left == ["bad .part", "box .json", "box .wav", "calls .wav", "conversations .wav", "others .wav"]
    assert "cannot be played" in caplog.text


SEARCH = {"id": "1", "call": "a", "started": NOON.isoformat(), "waited": 0.0, "outcome": "", "talk": None}
OFFER = {"id": "1", "call": "a", "offered": NOON.isoformat(), "ended": 0.0, "outcome": "", "talk": None}


async def test_everything_else_ends_when_the_server_was_seen_alive_last(tmp_path: Path):
    await killed_after(
        tmp_path,
        60,
        Entry("search", "1", SEARCH),
        Entry("offer", "1", OFFER),
        Entry("agent_session", "1", {"id": "1", "opened": NOON.isoformat(), "duration": 0.0, "ending": ""}),
        Entry("agent_state", "1", {"id": "1", "since": NOON.isoformat(), "duration": 0.0}),
    )
    found = await next_start(tmp_path)
    assert (found["search"]["outcome"], found["search"]["waited"]) == ("interrupted", 60.0)
    assert (found["offer"]["outcome"], found["offer"]["ended"]) == ("interrupted", 60.0)
    assert (found["agent_session"]["ending"], found["agent_session"]["duration"]) == ("interrupted", 60.0)
    assert found["agent_state"]["duration"] == 60.0


async def test_whoever_was_shown_a_call_that_waited_was_offered_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.server.records.PROGRESS_SECONDS", 0.01)
    async with started(tmp_path) as kept:
        wait = SearchFact(call="a", node="find", centre="support", method="broadcast")
        account = Account(kept.facts, wait)
        for code in "123":
            account.offered(code, "all")
        await asyncio.sleep(0.1)
        account.ended("2", "lost")
        await asyncio.sleep(0.1)
    async with started(tmp_path):
        entries = await asyncio.to_thread(waiting_in, tmp_path / "var" / "outbox.db", KINDS)
    told = sorted((entry.body["agent"] or "", entry.body["outcome"]) for entry in entries)
    assert told == [("", "interrupted"), ("1", "interrupted"), ("2", "lost"), ("3", "interrupted")]
    assert all("shown" not in entry.body for entry in entries)
    assert all(list(rows_of(entry)) for entry in entries)


async def test_two_who_talked_have_talked_until_then(tmp_path: Path):
    await killed_after(
        tmp_path,
        60,
        Entry("search", "1", {**SEARCH, "waited": 20.0, "outcome": "transferred"}),
        Entry("offer", "1", {**OFFER, "ended": 15.0, "outcome": "connected"}),
    )
    found = await next_start(tmp_path)
    assert (found["search"]["outcome"], found["search"]["waited"], found["search"]["talk"]) == ("transferred", 20, 40)
    assert (found["offer"]["outcome"], found["offer"]["ended"], found["offer"]["talk"]) == ("connected", 15, 45)


async def test_a_clock_put_back_makes_nothing_shorter_than_nothing(tmp_path: Path):
    await killed_after(
        tmp_path, -3600, record(), Entry("offer", "1", {**OFFER, "ended": 15.0, "outcome": "connected"})
    )
    found = await next_start(tmp_path)
    assert (found["call"]["duration"], found["offer"]["talk"]) == (0.0, 0.0)


async def test_the_file_of_an_earlier_version_is_taken_over_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    file = tmp_path / "var" / "calls.jsonl"
    await asyncio.to_thread(file.parent.mkdir)
    old = {"id": "old", "did": "32", "started": NOON.isoformat(), "result": "ended"}
    lines = [json.dumps(old), "{half a li", json.dumps(old), json.dumps(record("new").as_dict()), "[]", ""]
    await asyncio.to_thread(file.write_text, "\n".join(lines))
    async with started(tmp_path):
        entries = await asyncio.to_thread(waiting_in, tmp_path / "var" / "outbox.db", KINDS)
    assert [(entry.id, entry.body["result"], entry.body["server"]) for entry in entries] == [
        ("old", "ended", "main"), ("new", "failed", "main")
    ]  # fmt: skip
    assert entries[0].body["path"] == []
    assert caplog.text.count("not the record of a call") == 2
    assert [path.name for path in (tmp_path / "var").glob("calls*")] == ["calls.jsonl.imported"]


async def test_a_second_server_is_refused_and_takes_nothing_for_left_open(tmp_path: Path):
    async with started(tmp_path) as first:
        first.facts.call_begins(record())
        settings = await asyncio.to_thread(Settings.load, tmp_path / "server.yaml")
        with pytest.raises(ConfigurationError, match="another server is running with this folder"):
            await KeptRecords(settings, SystemClock()).open()
        await first.facts.call_over(record(result="ended"))
        (entry,) = await asyncio.to_thread(waiting_in, tmp_path / "var" / "outbox.db", KINDS)
        assert entry.body["result"] == "ended"


async def test_an_outbox_that_is_none_is_named(tmp_path: Path):
    await asyncio.to_thread((tmp_path / "var").mkdir)
    await asyncio.to_thread((tmp_path / "var" / "outbox.db").write_text, "no database at all " * 100)
    with pytest.raises(ConfigurationError, match=r"outbox\.db cannot be opened: .* not a database: move it away"):
        async with started(tmp_path):
            pass


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
