"""Sends the mails that wait in the outbox.

At least once: when we, or the connection, die between the mail server's 250 and our note of it, the mail is sent
again, with the same Message-ID, by which mailboxes may know it. Otherwise once.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.clock import Clock
from engine.messages import _
from engine.outside.drain import Drainer, pause_after
from engine.outside.mail.aside import put_aside, sweep
from engine.outside.mail.enclosures import Form
from engine.outside.mail.letter import Letter, compose, one_line, pieces, stuffed
from engine.outside.mail.smtp import TOO_LARGE, Away, Lost, Refused, Session, SmtpServer
from engine.outside.mail.spool import KIND, forget
from engine.outside.ports import Trouble
from engine.records.outbox import Outbox, Waiting

log = logging.getLogger("flowctl.mail")

TOLD_AFTER = 4
"""Attempts to reach the mail server, half a minute, after which somebody is told that it is away."""

Tell = Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """`folder`: of the mails' files. `keep`: seconds that a mail is tried."""

    folder: Path
    form: Form
    keep: float


class MailDrainer(Drainer):
    """One connection takes several mails. While the mail server is away, it is tried at growing intervals only."""

    def __init__(self, outbox: Outbox, server: SmtpServer, delivery: Delivery, clock: Clock, tell: Tell) -> None:
        """tell: those in charge, of mails that were given up."""
        super().__init__(outbox, KIND)
        self._server, self._delivery, self._clock, self._tell = server, delivery, clock, tell
        self._session: Session | None = None
        self._failures = 0
        """To connect, one after the other."""
        self._away = ""
        """Why the mail server cannot be used; empty while it can."""
        self._away_until = 0.0

    async def prepare(self) -> None:
        """Delete the files of mails that the last run has sent, or never handed over. Before the first mail is.
        Raises sqlite3.Error, OSError."""
        await asyncio.to_thread(sweep, self._outbox.path, self._delivery.folder)

    async def _deliver(self, entries: Sequence[Waiting]) -> None:
        now = asyncio.get_running_loop().time()
        # Who was postponed and is due now was hurried, perhaps by `flowctl mail queue --retry`.
        if self._away and now < self._away_until and not any(entry.attempts for entry in entries):
            await self._outbox.postpone(entries, self._away_until - now, self._away)
            return
        for index, entry in enumerate(entries):
            if self._stopping:
                return
            try:
                await self._one(entry)
            except Away as error:
                await self._is_away(entries[index:], str(error))
                return
            except sqlite3.Error:
                raise
            except Exception as error:
                # One mail that cannot be dealt with shall not stop those behind it.
                log.exception("mail %s could not be dealt with", entry.id)
                why = f"{type(error).__name__}: {error}"
                await (self._give_up(entry, None, why) if self._late(entry) else self._later(entry, why))

    async def _one(self, entry: Waiting) -> None:
        """Send one mail, or postpone it, or give it up. Raises Away."""
        try:
            letter = Letter.from_dict(entry.body)
        except TypeError as error:
            await self._give_up(entry, None, f"it is no mail of this version: {error}")
            return
        try:
            await self._send(entry, letter)
        except Refused as error:
            if error.permanent or self._late(entry):
                await self._give_up(entry, letter, str(error))
            else:
                log.warning("mail %s to %s is refused for now: %s", entry.id, letter.to, error)
                await self._later(entry, str(error))
        except Lost as error:
            await self._drop()
            if self._late(entry):
                await self._give_up(entry, letter, str(error))
            else:
                log.warning("mail %s to %s could not be sent: %s", entry.id, letter.to, error)
                await self._later(entry, str(error))
        else:
            await self._done(entry)
            if letter.attach:
                await asyncio.to_thread(forget, self._delivery.folder, entry.id)
            log.info("mail %s to %s was sent", entry.id, letter.to)

    async def _send(self, entry: Waiting, letter: Letter) -> None:
        """Raises Away, Lost, Refused."""
        session = await self._connected()
        form = self._delivery.form
        try:
            await session.send(letter.to, await self._written(entry, letter, form))
        except Refused as error:
            if error.code != TOO_LARGE or not letter.attach:
                raise
            # The text alone says where the files are.
            await session.send(letter.to, await self._written(entry, letter, Form(form.audio, 0)))

    async def _written(self, entry: Waiting, letter: Letter, form: Form) -> list[bytes]:
        folder = self._delivery.folder / entry.id
        return await asyncio.to_thread(
            lambda: stuffed(pieces(compose(letter, self._server.sender, folder, form))),
        )

    async def _connected(self) -> Session:
        """Raises Away."""
        if self._session is None or not self._session.alive:
            self._session = None
            session = Session(self._server)
            await session.connect()
            self._session = session
        if self._away:
            log.warning("the mail server %s takes mails again", self._server.host)
            self._away, self._failures = "", 0
            self._say(_("the mail server {host} takes mails again"), over=True)
            await self._outbox.hurry([self._kind])
        return self._session

    async def _is_away(self, entries: Sequence[Waiting], error: str) -> None:
        await self._drop()
        self._failures += 1
        if self._failures == TOLD_AFTER:
            self._say(_("the mail server {host} cannot be used"), error)
        pause = pause_after(self._failures)
        log.warning("mail waits %g s: %s:%d: %s", pause, self._server.host, self._server.port, error)
        self._away = error
        self._away_until = asyncio.get_running_loop().time() + pause
        late = [entry for entry in entries if self._late(entry)]
        await self._outbox.postpone([entry for entry in entries if entry not in late], pause, error)
        for entry in late:
            await self._give_up(entry, Letter.from_dict(entry.body), error)

    def _late(self, entry: Waiting) -> bool:
        """Whether it was tried long enough; an entry that is no mail never is."""
        try:
            age = self._clock.now() - Letter.from_dict(entry.body).written
        except (TypeError, ValueError):
            return False
        return age.total_seconds() > self._delivery.keep

    async def _give_up(self, entry: Waiting, letter: Letter | None, why: str) -> None:
        """It will not be sent: kept for people, and told to those in charge."""
        to = letter.to if letter is not None else "nobody"
        place = await asyncio.to_thread(put_aside, self._delivery.folder, entry, letter, self._server.sender, why)
        await self._done(entry)
        log.error("mail %s to %s is given up: %s; it is kept as %s", entry.id, to, why, place)
        if letter is not None and not letter.alert:
            text = _("subject: {subject}; reason: {reason}; it is kept as {file}")
            told = text.format(subject=one_line(letter.subject), reason=why, file=place)
            self._tell(Trouble((), _("a mail to {address} cannot be delivered").format(address=to), told))

    def _say(self, subject: str, text: str = "", *, over: bool = False) -> None:
        told = subject.format(host=self._server.host)
        self._tell(Trouble((), told, text, about="mail server", over=over))

    async def _drop(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _rest(self) -> None:
        await self._drop()
