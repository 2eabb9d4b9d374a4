"""Mail and alerts as one server has them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.errors import CallError, ConfigurationError
from engine.outside.ports import Mail, Trouble
from engine.records.outbox import Entry, Outbox
from engine.server.post import Post
from engine.server.settings import Settings


async def post(folder: Path, outbox: Outbox, **document: Any) -> Post:
    def make() -> Post:
        path = folder / "server.yaml"
        path.write_text(json.dumps(document))
        path.chmod(0o600)
        (folder / "var").mkdir(exist_ok=True)
        return Post(Settings.load(path), outbox, SystemClock())

    return await asyncio.to_thread(make)


@pytest.fixture
async def outbox(tmp_path: Path):
    outbox = Outbox(tmp_path / "var" / "outbox.db")
    await outbox.open()
    yield outbox
    await outbox.close()


async def test_without_anybody_to_tell_nothing_is_sent_and_nothing_fails(tmp_path: Path, outbox: Outbox):
    here = await post(tmp_path, outbox)
    await here.start()
    with pytest.raises(CallError, match="no mail is configured"):
        await here.mailer.send(Mail(("a@example.com",), "s"))
    await here.alerts.raise_alert(Trouble((), "trouble"))
    here.announce(Trouble((), "trouble"))
    assert await outbox.count() == {}
    await here.close()


async def test_alerts_by_mail_need_a_mail_server(tmp_path: Path, outbox: Outbox):
    with pytest.raises(ConfigurationError, match=r"alerts.mail: name the mail server"):
        await post(tmp_path, outbox, alerts={"mail": ["a@example.com"]})


async def test_alerts_for_webhooks_that_are_named_no_more_do_not_wait_for_ever(tmp_path: Path, outbox: Outbox):
    await outbox.put(*(Entry("webhook", str(n), {"url": "https://gone.example.com"}) for n in range(250)))
    await outbox.postpone(await outbox.take(["webhook"], 10), 600, "no answer")
    here = await post(tmp_path, outbox)
    await here.start()
    assert await outbox.count() == {}
    await here.close()


async def test_a_certificate_of_an_authority_that_is_none_is_named(tmp_path: Path, outbox: Outbox):
    (tmp_path / "ca.pem").write_text("nothing")
    mail = {"host": "mail.example.com", "from": "a@example.com"}
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match=rf"mail.ca_file: .*{file}"):
            await post(tmp_path, outbox, mail={**mail, "ca_file": file})
