"""Mail servers that are none, or misbehave: no mail is lost, and no other is held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.ports import free_port
from support.postoffice import PostOffice, post_office, server
from support.smtpserver import mail_house

from engine.outside.mail import drainer as drainer_module
from engine.outside.ports import Mail
from engine.records.outbox import Entry

TALKS = {
    "no SMTP": [b"HTTP/1.0 400 Bad Request\r\n\r\n"],
    "busy": [b"421 too busy\r\n"],
    "refuses everybody": [b"554 no service\r\n"],
    "no end of a greeting": [b"220-hello\r\n" * 5000],
    "one line without end": [b"220 " + b"x" * 200_000],
    "bytes": [bytes(range(256)) * 10],
    "closes at once": [b""],
    "strange number": [b"220 x\r\n", b"999 what\r\n", b"999 what\r\n"],
    "refuses our name": [b"220 x\r\n", b"550 who?\r\n", b"550 who?\r\n"],
    "empty answer": [b"220 x\r\n", b"\r\n"],
    "stops at sender": [b"220 x\r\n", b"250 x\r\n", b""],
    "refuses sender": [b"220 x\r\n", b"250 x\r\n", b"530 log in first\r\n"],
    "stops at data": [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b""],
    "stops after data": [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 go\r\n", b""],
    "421 after data": [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 go\r\n", b"421 bye\r\n"],
    "escapes": [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"451 \x1b[2J\x07 later\r\n", b"250 x\r\n"],
}


@asynccontextmanager
async def talking(answers: Sequence[bytes]) -> AsyncIterator[int]:
    """A server that gives these answers, whatever it is asked, and closes."""
    tasks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(OSError, asyncio.CancelledError, ValueError):
            for number, answer in enumerate(answers):
                if number:
                    data = await reader.readline()
                    while answers[number - 1].startswith(b"354") and data and data != b".\r\n":
                        data = await reader.readline()
                writer.write(answer)
                await writer.drain()
        writer.close()

    port = free_port()
    listener = await asyncio.start_server(talk, "127.0.0.1", port)
    yield port
    listener.close()
    await listener.wait_closed()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def failed(office: PostOffice, attempts: int = 1) -> list[str]:
    """The last errors, once each mail that waits was tried."""
    query = "SELECT attempts, error FROM entries WHERE kind = 'mail' ORDER BY seq"
    async with asyncio.timeout(5):
        while True:
            rows = await office.outbox._do(lambda: office.outbox._file.connection.execute(query).fetchall())
            if rows and all(row[0] >= attempts for row in rows):
                return [row[1] for row in rows]
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("talk", list(TALKS))
async def test_the_mail_waits_and_the_error_is_one_line(talk: str, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with talking(TALKS[talk]) as port, post_office(tmp_path, server(port, timeout=1.0)) as office:
        await office.mailer.send(Mail(("anne@example.com",), "waits"))
        (error,) = await failed(office)
    assert error
    assert error.isprintable()
    assert "could not be dealt with" not in caplog.text
    assert "delivery failed" not in caplog.text
    assert office.told == []


async def test_a_mail_that_cannot_be_written_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    real = drainer_module.compose

    def compose(letter: Any, *more: Any) -> Any:
        if letter.subject == "poison":
            raise LookupError("unknown encoding")
        return real(letter, *more)

    monkeypatch.setattr(drainer_module, "compose", compose)
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        await office.outbox.put(Entry("mail", "old", {"from": "another version"}))
        file = tmp_path / "message.wav"
        await asyncio.to_thread(file.write_bytes, b"RIFF")
        for subject in ("poison", "good"):
            await office.mailer.send(Mail(("anne@example.com",), subject, "", (file,)))
        await house.arrived(1)
        assert await failed(office) == ["LookupError: unknown encoding"]
        kept = {path.name for path in (office.folder / "refused").iterdir()}
        assert kept == {"old.json", "old.txt"}
        office.later(hours=2)
        async with asyncio.timeout(5):
            while await office.waiting():
                await asyncio.sleep(0.01)
        aside = sorted((office.folder / "refused").iterdir(), key=lambda path: path.suffix)
        assert [path.suffix for path in aside] == ["", ".json", ".json", ".txt", ".txt"]
        assert await asyncio.to_thread(aside[0].read_bytes) == b"RIFF"
    assert "could not be dealt with" in caplog.text


async def test_what_was_tried_long_enough_is_put_aside_while_the_mail_server_is_away(tmp_path: Path):
    async with mail_house() as house:
        pass
    async with post_office(tmp_path, server(house.port), keep=3600) as office:
        for number in range(5):
            await office.mailer.send(Mail((f"{number}@example.com",), "waits"))
        await failed(office)
        office.later(hours=2)
        async with asyncio.timeout(5):
            while await office.waiting():
                await asyncio.sleep(0.01)
        assert len(list((office.folder / "refused").glob("*.eml"))) == len(office.told) == 5
