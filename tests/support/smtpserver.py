"""A real mail server: aiosmtpd on a port of this machine, with TLS and passwords if wanted."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from support.ports import free_port

from engine.tasks import cancel

Answer = Callable[[str, str], str | None]


@dataclass
class MailHouse:
    """What has arrived. `rule`: (command, recipient) → what to answer instead of taking it, for RCPT and DATA."""

    port: int
    rule: Answer = lambda command, to: None
    raw: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    delay: float = 0.0
    """Seconds before a mail is taken."""

    def mails(self) -> list[EmailMessage]:
        """Parsed, in the order of arrival."""
        return [message_from_bytes(body, policy=policy.default) for _, body in self.raw]  # type: ignore[misc]

    def recipients(self) -> list[str]:
        return [to for to, _ in self.raw]

    async def arrived(self, count: int, timeout: float = 10) -> list[EmailMessage]:
        """Wait until so many mails have come."""
        async with asyncio.timeout(timeout):
            while len(self.raw) < count:
                await asyncio.sleep(0.01)
        return self.mails()

    # The hooks of aiosmtpd

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.rule("RCPT", address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay)
        if answer := self.rule("DATA", envelope.rcpt_tos[0]):
            return answer
        content = envelope.original_content
        assert content is not None
        self.raw.extend((to, content) for to in envelope.rcpt_tos)
        return "250 taken"


@asynccontextmanager
async def mail_house(
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    user: tuple[str, str] | None = None,
    size: int = 40_000_000,
    house: MailHouse | None = None,
) -> AsyncIterator[MailHouse]:
    """tls: by STARTTLS, or from the first byte with `implicit`. user: whom alone it lets in, with the password.
    house: one that was closed, opened again."""
    house = house or MailHouse(port or free_port())
    loop = asyncio.get_running_loop()

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = user is not None and (data.login, data.password) == (user[0].encode(), user[1].encode())
        return AuthResult(success=good, handled=good)

    transports: list[asyncio.BaseTransport] = []
    tasks: list[asyncio.Task[None]] = []

    class Connection(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            house.connections += 1
            transports.append(transport)
            super().connection_made(transport)
            tasks.append(self._handler_coroutine)

    def made() -> SMTP:
        with warnings.catch_warnings():
            # That a password without TLS is a bad idea.
            warnings.simplefilter("ignore")
            return Connection(
                house,
                data_size_limit=size,
                hostname="mail.test",
                tls_context=None if implicit else tls,
                require_starttls=tls is not None and not implicit,
                authenticator=check,
                auth_required=user is not None,
                auth_require_tls=tls is not None and not implicit,
                loop=loop,
            )

    server = await loop.create_server(made, "127.0.0.1", house.port, ssl=tls if implicit else None)
    try:
        yield house
    finally:
        server.close()
        for transport in transports:
            transport.abort()  # type: ignore[attr-defined]
        await server.wait_closed()
        # A handshake that failed leaves it waiting.
        await cancel(*tasks)


def certificate(folder: Path, name: str = "DNS:localhost,IP:127.0.0.1") -> tuple[Path, Path]:
    """A certificate of its own, and its key. Blocking."""
    files = folder / f"{name[-9:]}.pem", folder / f"{name[-9:]}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail"]
    command += ["-addext", f"subjectAltName={name}", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


def tls_of(files: tuple[Path, Path]) -> ssl.SSLContext:
    """Of a server. Blocking."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    return context
