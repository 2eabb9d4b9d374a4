"""Alerts to a web service: signed, tried again, and no service holds up another."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.ports import free_port
from support.postoffice import Calendar

from engine.outside.absent import NoMail
from engine.outside.alerts import LimitedAlerts, Told
from engine.outside.ports import Trouble
from engine.outside.webhooks import WebhookDrainer
from engine.records.outbox import Outbox


class Hook:
    """A web service on a port of this machine. `status`: of its answers; 0: it answers nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.status = 204
        self.posts: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts?token=s3cret"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
            if self.status == 0:
                await reader.read()
                return
            self.posts.append((dict(line.split(": ", 1) for line in head[1:] if line), body))
            writer.write(f"HTTP/1.1 {self.status} x\r\nConnection: close\r\nLocation: /\r\n\r\n".encode())
            await writer.drain()
        finally:
            writer.close()

    async def got(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.posts) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    one = Hook()
    server = await asyncio.start_server(one.serve, "127.0.0.1", one.port)
    yield one
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def alerting(
    folder: Path, hooks: dict[str, str | None]
) -> AsyncIterator[tuple[LimitedAlerts, Outbox, Calendar]]:
    clock = Calendar()
    outbox = Outbox(folder / "outbox.db", now=clock.timestamp)
    await outbox.open()
    context = await asyncio.to_thread(ssl.create_default_context)
    drainer = WebhookDrainer(outbox, hooks, 3600, clock, context)
    drainer.start()
    alerts = LimitedAlerts(Told("main", [], list(hooks), 900), NoMail(), outbox, clock)
    yield alerts, outbox, clock
    await alerts.close()
    await drainer.close()
    await outbox.close()


async def test_an_alert_is_posted_with_a_signature(tmp_path: Path):
    async with hook() as one, alerting(tmp_path, {one.url: "shared"}) as (alerts, outbox, clock):
        await alerts.raise_alert(Trouble((), "trunk a is down", "Since ten.", about="trunk a"))
        await one.got(1)
        while await outbox.count():
            await asyncio.sleep(0.01)
    ((headers, body),) = one.posts
    facts = json.loads(body)
    assert facts.pop("id")
    assert facts == {
        "server": "main",
        "at": "2027-07-13T08:00:00+00:00",
        "about": "trunk a",
        "subject": "trunk a is down",
        "text": "Since ten.",
        "over": False,
        "more": 0,
    }
    at = int(clock.timestamp())
    digest = hmac.new(b"shared", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Flowctl-Signature"] == f"t={at},v1={digest}"


async def test_one_that_fails_is_tried_again_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("engine.outside.webhooks.TIMEOUT", 0.3)
    async with hook() as bad, hook() as slow, hook() as good:
        bad.status, slow.status = 302, 0
        async with alerting(tmp_path, dict.fromkeys((bad.url, slow.url, good.url))) as (alerts, outbox, _clock):
            await alerts.raise_alert(Trouble((), "trouble", about="a"))
            await good.got(1)
            query = "SELECT attempts, error FROM entries ORDER BY seq"
            wanted = [(1, "it answered 302"), (1, "no answer within 0.3 s")]
            async with asyncio.timeout(5):
                while (await outbox._do(lambda: outbox._file.connection.execute(query).fetchall())) != wanted:
                    await asyncio.sleep(0.01)
            bad.status = slow.status = 200
            await outbox.hurry(["webhook"])
            await slow.got(1)
            await bad.got(2)
            while await outbox.count():
                await asyncio.sleep(0.01)
        assert len(good.posts) == len(slow.posts) == 1
        assert bad.posts[0][1] == bad.posts[1][1], "the same alert has the same id"
    assert "s3cret" not in caplog.text


async def test_one_that_never_answers_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with hook() as gone:
        pass
    async with alerting(tmp_path, {gone.url: None}) as (alerts, outbox, clock):
        await alerts.raise_alert(Trouble((), "trouble", about="a"))
        async with asyncio.timeout(5):
            while "to 127.0.0.1" not in caplog.text:
                await asyncio.sleep(0.01)
            clock.at = clock.at.replace(hour=10)
            await outbox.hurry(["webhook"])
            while await outbox.count():
                await asyncio.sleep(0.01)
    assert "is given up" in caplog.text
