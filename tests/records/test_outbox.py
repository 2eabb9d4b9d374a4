"""What must not be lost, on its way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.records.outbox import Entry, Outbox, waiting_in


class Hand:
    """Seconds since 1970, by hand."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


async def test_what_was_put_is_there_once_until_it_is_done(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    stirred = outbox.stirred(["call"])
    await asyncio.gather(*(outbox.put(Entry("call", str(n % 25), {"n": n % 25})) for n in range(50)))
    await outbox.put(Entry("mail", "1", {}))
    assert stirred.is_set()
    first = await outbox.take(["call"], 10)
    assert [entry.body["n"] for entry in first] == list(range(10))
    await outbox.done(first)
    assert await outbox.count() == {"call": 15, "mail": 1}
    await outbox.close()


async def test_who_has_patience_is_written_with_others_and_one_in_a_hurry_waits_for_nobody(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    patient = [asyncio.create_task(outbox.put(Entry("call", str(n), {}), patience=60)) for n in range(3)]
    await asyncio.sleep(0)
    outbox.begin(Entry("call", "begun", {}))
    assert await outbox.count() == {}
    await asyncio.wait_for(outbox.put(Entry("mail", "1", {})), 5)
    assert await outbox.count() == {"call": 3, "mail": 1}
    await asyncio.wait_for(asyncio.gather(*patient), 5)
    await asyncio.wait_for(outbox.put(Entry("call", "later", {}), patience=0.05), 5)
    last = asyncio.create_task(outbox.put(Entry("call", "last", {}), patience=60))
    await asyncio.sleep(0)
    await outbox.close()
    await asyncio.wait_for(last, 5)
    assert len(await asyncio.to_thread(waiting_in, tmp_path / "outbox.db", ["call"])) == 5


async def test_what_cannot_be_written_at_all_is_said_to_whoever_hands_it_over(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    with pytest.raises(TypeError):
        await outbox.put(Entry("call", "1", {"no JSON": object()}))
    await outbox.put(Entry("call", "2", {}))
    assert await outbox.count() == {"call": 1}
    await outbox.close()


async def test_what_is_postponed_comes_back_when_it_is_due(tmp_path: Path):
    now = Hand()
    outbox = Outbox(tmp_path / "outbox.db", now=now)
    await outbox.open()
    await outbox.put(Entry("mail", "1", {}), Entry("mail", "2", {}))
    (first, _) = await outbox.take(["mail"], 9)
    await outbox.postpone([first], 60, "no answer")
    assert [entry.id for entry in await outbox.take(["mail"], 9)] == ["2"]
    now.at += 60
    assert [(entry.id, entry.attempts) for entry in await outbox.take(["mail"], 9)] == [("1", 1), ("2", 0)]
    await outbox.postpone([first], 600, "no answer")
    await outbox.hurry(["mail"])
    assert [entry.id for entry in await outbox.take(["mail"], 9)] == ["1", "2"]
    await outbox.postpone([first], 600, "no answer")
    now.at -= 3600
    assert [entry.id for entry in await outbox.take(["mail"], 9)] == ["1", "2"], "nobody waits for a clock put back"
    await outbox.close()


async def test_the_next_run_finds_what_was_put_and_what_was_left_open(tmp_path: Path):
    now = Hand()
    outbox = Outbox(tmp_path / "outbox.db", now=now)
    assert not (await outbox.open()).entries
    outbox.begin(Entry("call", "a", {"half": True}))
    outbox.begin(Entry("call", "b", {"half": True}))
    await outbox.put(Entry("call", "a", {"whole": True}))
    await outbox.close()
    now.at += 1_000
    again = Outbox(tmp_path / "outbox.db", now=now)
    left = await again.open()
    assert left.entries == [Entry("call", "b", {"half": True})]
    assert left.alive == 1_000.0
    assert [entry.body for entry in await again.take(["call"], 9)] == [{"whole": True}]
    await again.close()


async def test_a_disk_that_refuses_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("engine.records.outbox.RETRY_SECONDS", 0.01)
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    await outbox._do(lambda: outbox._file.connection.execute("PRAGMA max_page_count = 1"))
    stirred = outbox.stirred(["call"])
    await outbox.put(Entry("call", "1", {"text": "lost-and-found" * 1_000}))
    assert "lost-and-found" in caplog.text
    await outbox._do(lambda: outbox._file.connection.execute("PRAGMA max_page_count = 100000"))
    async with asyncio.timeout(5):
        await stirred.wait()
    assert [entry.id for entry in await outbox.take(["call"], 9)] == ["1"]
    await outbox.close()
