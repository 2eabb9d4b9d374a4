"""The disk of the journals and of the daily log is full, a real one: calls go on, and later each is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import small_disk
from support.served import dial, served

SCENARIO = """
format: 1
name: short
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: end}
"""


PAGE = 4096


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte."""
    with small_disk(tmp_path / "small", 1 << 20) as folder:
        yield folder


@pytest.mark.root
async def test_calls_go_on_and_are_there_once_when_there_is_room_again(tmp_path: Path, small: Path):
    journals = {"calls": "single", "folder": str(small / "Journals")}
    logs = {"folder": str(small / "Logs")}
    filler = small / "filler"
    async with served(tmp_path, {"a.yaml": SCENARIO}, journals=journals, logs=logs) as server:
        assert (await dial(server.uri("32")))["exit"] == 0
        await until_rows(small, 1)
        await asyncio.to_thread(fill, small, filler)
        assert (await dial(server.uri("32")))["exit"] == 0
        await server.logged("cannot be written, calls wait in the outbox")
        await server.logged("the daily log in ")
        await asyncio.to_thread(filler.unlink)
        await server.logged("are written again; nothing was lost", timeout=20)
        assert (await dial(server.uri("32")))["exit"] == 0
    rows = await until_rows(small, 4)
    calls = sorted(call["id"] for call in server.records())
    assert len(calls) == 3
    assert sorted(row.rpartition(";")[2] for row in rows if not row.startswith("filled")) == calls
    (log,) = await asyncio.to_thread(lambda: list((small / "Logs").glob("*.log")))
    written = await asyncio.to_thread(log.read_text)
    assert server.log().count("the daily log in ") == 1
    assert [written.count(f"call {call}: ended") for call in calls] == [1, 1, 1]


def fill(folder: Path, path: Path) -> None:
    """Take every byte that is left: also those in the last pages of files, by a line of our own."""
    for file in (*folder.glob("Logs/*"), *folder.glob("Journals/*")):
        with file.open("ab") as end:
            end.write(b"filled".ljust(PAGE - (end.tell() + 2) % PAGE, b".") + b"\r\n")
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * PAGE)
        except OSError:
            return


async def until_rows(folder: Path, count: int) -> list[str]:
    """The rows of the journal, once there are so many."""

    def read() -> list[str]:
        path = folder / "Journals" / "SNTJournal.CSV"
        return path.read_text(encoding="utf-8-sig").splitlines()[1:] if path.exists() else []

    async with asyncio.timeout(10):
        while len(rows := await asyncio.to_thread(read)) < count:
            await asyncio.sleep(0.05)
    return rows
