"""Mail as a server sends it: an outbox, a mailer, and what drains it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.outside.mail.drainer import Delivery, MailDrainer
from engine.outside.mail.enclosures import Form
from engine.outside.mail.smtp import SmtpServer
from engine.outside.mail.spool import SpooledMail
from engine.outside.ports import Trouble
from engine.records.outbox import Outbox


class Calendar:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2027, 7, 13, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def timestamp(self) -> float:
        return self.at.timestamp()


class PostOffice:
    """Everything between a call and the mail server."""

    def __init__(self, folder: Path, server: SmtpServer, *, form: Form = Form(), keep: float = 3600) -> None:  # noqa: B008
        self.clock = Calendar()
        self.folder = folder / "mail"
        self.outbox = Outbox(folder / "outbox.db", now=self.clock.timestamp)
        self.mailer = SpooledMail(self.outbox, self.folder, server.sender[1], self.clock)
        self.told: list[Trouble] = []
        self.drainer = MailDrainer(self.outbox, server, Delivery(self.folder, form, keep), self.clock, self._tell)

    def _tell(self, trouble: Trouble) -> None:
        self.told.append(trouble)

    def later(self, **time: float) -> None:
        """So much time has passed."""
        self.clock.at += timedelta(**time)
        self.drainer._stirred.set()

    async def waiting(self) -> int:
        return (await self.outbox.count()).get("mail", 0)


def server(port: int, **more: Any) -> SmtpServer:
    """A mail server on this machine, without TLS unless said."""
    return SmtpServer(
        **{"host": "127.0.0.1", "port": port, "tls": "none", "sender": ("Calls", "calls@example.com"), "timeout": 5.0}
        | more
    )


@asynccontextmanager
async def post_office(folder: Path, where: SmtpServer, **more: Any) -> AsyncIterator[PostOffice]:
    """One that is open and delivers."""
    office = PostOffice(folder, where, **more)
    await office.outbox.open()
    office.drainer.start()
    try:
        yield office
    finally:
        await office.drainer.close()
        await office.outbox.close()
