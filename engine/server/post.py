"""Mail and alerts of one server: what they are handed over to, and what sends them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import Clock
from engine.errors import ConfigurationError
from engine.messages import _
from engine.outside.absent import NoAlerts, NoMail
from engine.outside.alerts import WEBHOOK, LimitedAlerts, Told
from engine.outside.ports import Alerts, Mailer, Trouble
from engine.records.outbox import Outbox
from engine.server.vigil import Vigil
from engine.tasks import cancel

if TYPE_CHECKING:
    from engine.outside.drain import Drainer
    from engine.outside.mail.drainer import MailDrainer
    from engine.outside.mail.smtp import SmtpServer
    from engine.server.settings import Settings

log = logging.getLogger("flowctl.alert")

KEEP = 72 * 3600.0
"""Seconds that a webhook is tried where no mail server says how long."""


class Post:
    """Made before the server starts, of an outbox that is open; closed before the outbox is."""

    def __init__(self, settings: Settings, outbox: Outbox, clock: Clock) -> None:
        """Raises ConfigurationError. Blocking: reads passwords and certificates."""
        self.mailer: Mailer = NoMail()
        self.alerts: Alerts = NoAlerts()
        self._settings, self._outbox, self._clock = settings, outbox, clock
        self._limited: LimitedAlerts | None = None
        self._mail: MailDrainer | None = None
        self._drainers: list[Drainer] = []
        self._watching: asyncio.Task[None] | None = None
        if settings.mail is not None:
            self._add_mail()
        if settings.alerts.mail or settings.alerts.webhooks or settings.mail is not None:
            self._add_alerts()

    async def start(self) -> None:
        """Begin to deliver what waits. Raises ConfigurationError."""
        try:
            if self._mail is not None:
                await self._mail.prepare()
            if not self._settings.alerts.webhooks:
                await self._drop_webhooks()
        except (sqlite3.Error, OSError) as error:
            raise ConfigurationError(f"data: what waits in the outbox cannot be looked at: {error}") from error
        for drainer in self._drainers:
            drainer.start()
        limits = self._settings.alerts
        vigil = Vigil(self._settings.data, self._outbox, self.announce, free=limits.free_disk, waiting=limits.waiting)
        self._watching = asyncio.create_task(vigil.run(), name="vigil")

    async def close(self) -> None:
        """What is under way ends, within seconds; the rest waits for the next start."""
        if self._watching is not None:
            await cancel(self._watching)
        if self._limited is not None:
            await self._limited.close()
        await asyncio.gather(*(drainer.close() for drainer in self._drainers))

    def announce(self, trouble: Trouble) -> None:
        """Tell those in charge, without waiting for it."""
        if self._limited is not None:
            self._limited.announce(trouble)

    def scenario_news(self, path: Path, complaints: Sequence[str]) -> None:
        """A scenario is refused, or with no complaints is so no more. See `ScenarioStore`."""
        about = f"scenario {path}"
        subject = _("scenario {file} is refused") if complaints else _("scenario {file} is well again")
        text = "\n".join((str(path), *complaints))
        self.announce(Trouble((), subject.format(file=path.name), text, about=about, over=not complaints))

    async def _drop_webhooks(self) -> None:
        """Those that wait for web services which the settings do not name any more."""
        await self._outbox.hurry([WEBHOOK])
        while entries := await self._outbox.take([WEBHOOK], 100):
            log.warning("%d alerts for webhooks are given up: the settings name none any more", len(entries))
            await self._outbox.done(entries)

    def _add_mail(self) -> None:
        from engine.outside.mail.drainer import Delivery, MailDrainer
        from engine.outside.mail.enclosures import Form
        from engine.outside.mail.spool import FOLDER, SpooledMail

        section = self._settings.mail
        assert section is not None
        server = smtp_server(self._settings)
        folder = self._settings.data / FOLDER
        self.mailer = SpooledMail(self._outbox, folder, server.sender[1], self._clock)
        delivery = Delivery(folder, Form(section.attach, section.attach_limit), section.keep)
        self._mail = MailDrainer(self._outbox, server, delivery, self._clock, self.announce)
        self._drainers.append(self._mail)

    def _add_alerts(self) -> None:
        settings, section = self._settings, self._settings.alerts
        if section.mail and settings.mail is None:
            raise ConfigurationError("alerts.mail: name the mail server in the section `mail`")
        urls = [hook.url for hook in section.webhooks]
        told = Told(settings.name, section.mail, urls, section.repeat)
        self.alerts = self._limited = LimitedAlerts(told, self.mailer, self._outbox, self._clock)
        if urls:
            self._add_webhooks()

    def _add_webhooks(self) -> None:
        import ssl

        from engine.outside.webhooks import WebhookDrainer

        settings = self._settings
        hooks = {hook.url: hook.read_secret(settings.folder) for hook in settings.alerts.webhooks}
        keep = settings.mail.keep if settings.mail is not None else KEEP
        drainer = WebhookDrainer(self._outbox, hooks, keep, self._clock, ssl.create_default_context())
        self._drainers.append(drainer)


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
