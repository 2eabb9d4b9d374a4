"""Mail of one server: what calls hand it over to, and what sends it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine.clock import Clock
from engine.errors import ConfigurationError
from engine.outside.absent import NoAlerts, NoMail
from engine.outside.ports import Alerts, Mailer
from engine.records.outbox import Outbox

if TYPE_CHECKING:
    from engine.outside.drain import Drainer
    from engine.outside.mail.drainer import MailDrainer
    from engine.outside.mail.smtp import SmtpServer
    from engine.server.settings import Settings


class Post:
    """Made before the server starts, of an outbox that is open; closed before the outbox is."""

    def __init__(self, settings: Settings, outbox: Outbox, clock: Clock) -> None:
        """Raises ConfigurationError. Blocking: reads the password and certificates."""
        self.mailer: Mailer = NoMail()
        self.alerts: Alerts = NoAlerts()
        self._mail: MailDrainer | None = None
        if settings.mail is not None:
            self._add_mail(settings, outbox, clock)

    async def start(self) -> None:
        """Begin to deliver what waits. Raises ConfigurationError."""
        if self._mail is not None:
            try:
                await self._mail.prepare()
            except (sqlite3.Error, OSError) as error:
                raise ConfigurationError(f"data: the mails that wait cannot be looked at: {error}") from error
        for drainer in self._drainers:
            drainer.start()

    async def close(self) -> None:
        """What is under way ends, within seconds; the rest waits for the next start."""
        for drainer in self._drainers:
            await drainer.close()

    @property
    def _drainers(self) -> list[Drainer]:
        return [self._mail] if self._mail is not None else []

    def _add_mail(self, settings: Settings, outbox: Outbox, clock: Clock) -> None:
        from engine.outside.mail.drainer import Delivery, MailDrainer
        from engine.outside.mail.enclosures import Form
        from engine.outside.mail.spool import FOLDER, SpooledMail

        section = settings.mail
        assert section is not None
        server = smtp_server(settings)
        folder = settings.data / FOLDER
        self.mailer = SpooledMail(outbox, folder, server.sender[1], clock)
        delivery = Delivery(folder, Form(section.attach, section.attach_limit), section.keep)
        self._mail = MailDrainer(outbox, server, delivery, clock, self.alerts.raise_alert)


def smtp_server(settings: Settings) -> SmtpServer:
    """The mail server that the settings name; they name one. Raises ConfigurationError. Blocking."""
    from engine.outside.mail.addresses import named
    from engine.outside.mail.smtp import PORTS, SmtpServer, tls_context

    section = settings.mail
    assert section is not None
    ca_file = settings.folder / section.ca_file if section.ca_file is not None else None
    try:
        context = tls_context(ca_file) if section.tls != "none" else None
    except OSError as error:
        raise ConfigurationError(f"mail.ca_file: {ca_file}: {error.strerror or error}") from error
    return SmtpServer(
        host=section.host,
        port=section.port or PORTS[section.tls],
        tls=section.tls,
        sender=named(section.sender),
        user=section.user,
        password=section.read_password(settings.folder),
        timeout=section.timeout,
        context=context,
    )
