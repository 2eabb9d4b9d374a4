"""A server writes its journals: each call once, whatever happens to it or to the disk."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import support.house
from support.house import House, in_house
from support.served import FLOWCTL, ROOT, dial, served

from engine.call.record import CallRecord
from engine.clock import SystemClock
from engine.records.journal_files import MARK
from engine.records.journals import HEADERS, journal_entry
from engine.records.outbox import Outbox
from engine.server import journals
from engine.server.journals import Journals
from engine.server.settings import Settings

MENU = """
format: 1
name: menu
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: wait}
  wait: {type: wait, duration: SECONDS, next: end}
"""


def journal(folder: Path, name: str) -> list[list[str]]:
    """The rows of a file without its header; none where there is no file."""
    path = folder / "var" / "Journals" / name
    if not path.exists():
        return []
    content = path.read_bytes()
    assert content.startswith(MARK)
    first, *rows = content.removeprefix(MARK).decode().removesuffix("\r\n").split("\r\n")
    assert first.split(";") in map(list, HEADERS.values())
    return [row.split(";") for row in rows]


def settings(root: Path, **section: str) -> Settings:
    return Settings(data=root / "var", time_zone="Europe/Paris", language="fr", journals=section)  # type: ignore[arg-type]


def record(identity: str, **more: Any) -> CallRecord:
    return CallRecord(
        id=identity, did="32", cli="17", caller="", channel="sip/1", scenario="desk", version="1",
        started=SystemClock().now(), **{"result": "ended", **more},
    )  # fmt: skip


class Kept:
    """An outbox and its journals."""

    def __init__(self, root: Path, **section: str) -> None:
        self._root, self._section = root, section
        self.outbox = Outbox(root / "var" / "outbox.db")

    async def __aenter__(self) -> Kept:
        said = await asyncio.to_thread(settings, self._root, **self._section)
        await self.outbox.open()
        self.journals = Journals(said, self.outbox)
        self.journals.start()
        return self

    async def over(self, record: CallRecord) -> None:
        """A call has ended."""
        await self.outbox.put(journal_entry({**record.as_dict(), "server": "main"}, connected=record.connected))

    async def __aexit__(self, *_: object) -> None:
        await self.journals.close()
        await self.outbox.close()


async def test_calls_made_and_abandoned_go_to_their_journals(tmp_path: Path):
    async with Kept(tmp_path, calls="single", abandoned="yearly") as kept:
        await kept.over(record("a"))
        await kept.over(record("b", result="caller_hung_up"))
        await kept.over(record("c", result="caller_hung_up", connected=True))
    assert [row[-1] for row in journal(tmp_path, "SNTJournal.CSV")] == ["a", "c"]
    (file,) = (tmp_path / "var" / "Journals").glob("ERR????.CSV")
    assert [(row[-1], row[-4]) for row in journal(tmp_path, file.name)] == [("b", "raccroché par l'appelant")]


async def test_a_journal_that_nobody_wants_any_more_keeps_nothing_waiting(tmp_path: Path):
    async with Kept(tmp_path) as kept:
        await kept.over(record("a"))
        await kept.journals.close()
        assert await kept.outbox.count() == {}
    assert not (tmp_path / "var" / "Journals").exists()


async def test_a_folder_that_refuses_keeps_calls_waiting_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(journals, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(journals, "GATHER_SECONDS", 0.0)
    caplog.set_level(logging.WARNING)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "Journals").touch()
    async with Kept(tmp_path, calls="single") as kept:
        await kept.over(record("a"))
        await told(caplog, "cannot be written")
        await kept.over(record("b"))
        await asyncio.sleep(0.05)
        await asyncio.to_thread((tmp_path / "var" / "Journals").unlink)
        await told(caplog, "are written again")
    assert caplog.text.count("cannot be written") == 1
    assert [row[-1] for row in journal(tmp_path, "SNTJournal.CSV")] == ["a", "b"]


async def test_what_cannot_be_forgotten_by_the_outbox_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(journals, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(journals, "GATHER_SECONDS", 0.0)
    caplog.set_level(logging.WARNING)
    async with Kept(tmp_path, calls="single") as kept:
        done, failures = kept.outbox.done, [OSError("no"), OSError("no"), OSError("no")]

        async def refuse(entries: Any) -> None:
            if failures:
                raise failures.pop()
            await done(entries)

        monkeypatch.setattr(kept.outbox, "done", refuse)
        await kept.over(record("a"))
        await told(caplog, "cannot be written")
        await kept.over(record("b"))
        await told(caplog, "are written again")
    assert [row[-1] for row in journal(tmp_path, "SNTJournal.CSV")] == ["a", "b"]


async def told(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(5):
        while text not in caplog.text:
            await asyncio.sleep(0.005)


BRIDGE = """
format: 1
name: bridge
did: ["32"]
start: agent
nodes:
  agent: {type: bridge, to: "sip:201@x", timeout: 10s, on: {ended: end, failed: end, busy: end, no_answer: end, rejected: end}}
"""  # noqa: E501


@pytest.mark.parametrize(("answers", "which"), [(True, "calls"), (False, "abandoned")])
def test_who_hangs_up_while_talking_has_not_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool, which: str
):
    kept: list[CallRecord] = []

    async def call_over(_: object, record: CallRecord) -> None:
        kept.append(record)

    monkeypatch.setattr(support.house.Kept, "call_over", call_over)

    async def story(house: House) -> None:
        house.driver.phones["sip:201@x"] = lambda party: party.leg.accept() if answers else None
        caller = house.driver.call("32", "1")
        await asyncio.sleep(5)
        caller.hang_up()
        await house.settle()

    in_house(tmp_path, {"a.yaml": BRIDGE}, story)
    (ended,) = kept
    assert ended.result == "caller_hung_up"
    entry = journal_entry({**ended.as_dict(), "server": "main"}, connected=ended.connected)
    assert entry.body["journal"] == which


async def test_a_killed_server_has_each_call_once(tmp_path: Path):
    scenarios = {"a.yaml": MENU.replace("SECONDS", "0.1s"), "b.yaml": MENU.replace("SECONDS", "60s")}
    scenarios["b.yaml"] = scenarios["b.yaml"].replace("menu", "long").replace('"32"', '"33"')
    wanted = {"calls": "daily", "abandoned": "single", "language": "en"}
    async with served(tmp_path, scenarios, status=-signal.SIGKILL, journals=wanted) as server:
        assert (await dial(server.uri("32")))["exit"] == 0
        lasting = await asyncio.create_subprocess_exec(*FLOWCTL, "dial", server.uri("33"), cwd=ROOT)
        await server.logged("scenario long")
        await asyncio.sleep(0.4)  # until the outbox has it
        os.kill(server.process.pid, signal.SIGKILL)
        lasting.kill()
        await lasting.wait()
    async with served(tmp_path, scenarios, journals=wanted) as server:
        assert (await dial(server.uri("32")))["exit"] == 0
    made = sorted((tmp_path / "var" / "Journals").glob("SNT*.CSV"))
    rows = [row for file in made for row in journal(tmp_path, file.name)]
    assert [(row[3], row[5], row[7], row[12]) for row in rows] == [("in", "32", "menu", "ended")] * 2
    (interrupted,) = journal(tmp_path, "ERRJournal.CSV")
    assert (interrupted[5], interrupted[12], interrupted[13]) == ("33", "interrupted", "the server was interrupted")
    ids = {call["id"]: call["result"] for call in server.records()}
    assert sorted(ids) == sorted(row[-1] for row in [*rows, interrupted])
