"""Talks to the mail server step by step, and says what became of each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import localtime
from pathlib import Path
from typing import Literal

import aiosmtplib

from engine.messages import N_
from engine.outside.mail.enclosures import Form
from engine.outside.mail.letter import Letter, compose, pieces, stuffed
from engine.outside.mail.smtp import Session, SmtpServer, said, shown

Kind = Literal["connect", "hello", "tls", "login", "sender", "recipient", "message", "goodbye"]

ADVICE: dict[Kind, str] = {
    "connect": N_("look at mail.host, mail.port and mail.tls, and whether a firewall is in between"),
    "hello": N_("it may be no mail server: look at mail.host and mail.port"),
    "tls": N_("look at mail.tls; for a certificate of your own authority, name its file in mail.ca_file"),
    "login": N_("look at mail.user and mail.password; some providers want a password for programs of its own"),
    "sender": N_("the mail server lets you send as somebody else only: look at mail.from"),
    "recipient": N_("the mail server does not know this address, or sends nothing on for you: log in, see mail.user"),
    "message": N_("the mail server refuses the message itself: what it says names the reason"),
    "goodbye": N_("it has taken the message; nothing need be done"),
}
"""What to do about a step that fails, marked for translation."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the conversation: `said` by the server, or why it failed; `seconds` that it took."""

    kind: Kind
    good: bool
    said: str
    seconds: float


async def probe(server: SmtpServer, to: str | None = None, message_id: str = "") -> AsyncIterator[Step]:
    """Each step in turn, up to the first that fails; a message is sent when `to` is somebody."""
    session = Session(server)
    steps: list[tuple[Kind, Callable[[], Awaitable[str]]]] = [("connect", lambda: _connect(session, server))]
    if server.tls == "starttls":
        steps += [("hello", lambda: _hello(session)), ("tls", lambda: _tls(session, server))]
    steps.append(("hello", lambda: _hello(session)))
    if server.user is not None:
        steps.append(("login", lambda: _login(session, server)))
    if to is not None:
        steps += [
            ("sender", lambda: _sender(session, server)),
            ("recipient", lambda: _recipient(session, to)),
            ("message", lambda: _message(session, server, to, message_id)),
        ]
    steps.append(("goodbye", lambda: _goodbye(session)))
    loop = asyncio.get_running_loop()
    try:
        for kind, work in steps:
            began = loop.time()
            try:
                async with asyncio.timeout(2 * server.timeout):
                    step = Step(kind, True, shown(await work()), loop.time() - began)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                step = Step(kind, False, said(error), loop.time() - began)
            yield step
            if not step.good:
                return
    finally:
        session.client.close()


async def _connect(session: Session, server: SmtpServer) -> str:
    response = await session.client.connect(start_tls=False)
    return f"{response.code} {response.message}" + (f"; {_encryption(session)}" if server.tls == "tls" else "")


async def _hello(session: Session) -> str:
    response = await session.client.ehlo()
    return f"{response.code} {', '.join(response.message.splitlines())}"


async def _tls(session: Session, server: SmtpServer) -> str:
    await session.client.starttls(tls_context=server.context)
    return _encryption(session)


async def _login(session: Session, server: SmtpServer) -> str:
    response = await session.client.login(server.user or "", server.password or "")
    return f"{response.code} {response.message}"


async def _sender(session: Session, server: SmtpServer) -> str:
    response = await session.client.mail(server.sender[1])
    return f"{response.code} {response.message}"


async def _recipient(session: Session, to: str) -> str:
    response = await session.client.rcpt(to)
    return f"{response.code} {response.message}"


async def _message(session: Session, server: SmtpServer, to: str, message_id: str) -> str:
    letter = Letter(
        to=to,
        all_to=[to],
        subject="Test of flowctl",
        text="If you read this, flowctl can send mail.\nSi vous lisez ceci, flowctl peut envoyer du courrier.",
        message_id=message_id,
        date=localtime().isoformat(timespec="seconds"),
        language="en",
        attach=[],
    )
    return await session.data(stuffed(pieces(compose(letter, server.sender, Path(), Form()))))


async def _goodbye(session: Session) -> str:
    response = await session.client.quit()
    return f"{response.code} {response.message}"


def _encryption(session: Session) -> str:
    """Version of TLS, and until when the certificate is good."""
    channel = session.client.get_transport_info("ssl_object")
    if not isinstance(channel, ssl.SSLObject):
        return ""
    certificate = channel.getpeercert() or {}
    until = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
    return f"{channel.version()}, certificate until {datetime.fromtimestamp(until).astimezone():%Y-%m-%d}"
