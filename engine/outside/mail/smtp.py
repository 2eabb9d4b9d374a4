"""One connection to the mail server (RFC 5321), by aiosmtplib. Every wait is bounded."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPException, SMTPHeloError, SMTPRecipientRefused, SMTPResponseException

Tls = Literal["starttls", "tls", "none"]

PORTS: dict[Tls, int] = {"starttls": 587, "tls": 465, "none": 25}

SLOWEST = 20_000
"""Bytes a second: a large mail has so much more time."""
UNSENT = 256 * 1024
"""Bytes that wait in memory for the connection to take them."""
TOO_LARGE = 552


class Away(Exception):
    """The mail server cannot be reached, is not the one that it should be, or lets us send nothing at all."""


class Lost(Exception):
    """The connection was lost, or nothing came back in time: whether the mail has arrived is not known."""


class Refused(Exception):
    """The mail server does not take this mail; `permanent`: nor will it later."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code} {said}".strip())
        self.code = code
        self.permanent = 500 <= code < 600


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where, how, and as whom mail is sent. `timeout`: seconds for each answer. `context`: None without TLS."""

    host: str
    port: int
    tls: Tls
    sender: tuple[str, str]
    user: str | None = None
    password: str | None = None
    timeout: float = 30.0
    context: ssl.SSLContext | None = None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and names are verified, by the system's authorities or by one of our own. Blocking; raises
    OSError, which ssl.SSLError is too."""
    return ssl.create_default_context(cafile=ca_file)


class Session:
    """A connection over which mails are sent; see `connected`."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self.client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=server.context,
            local_hostname=_own_name(server.sender[1]),
        )

    async def connect(self) -> None:
        """Connect, encrypt, log in. Raises Away."""
        try:
            # All of it together, too: a server that answers one letter a second is no server.
            async with asyncio.timeout(3 * self._server.timeout):
                await self.client.connect()
                await self._greet()
                if self._server.user is not None:
                    await self.client.login(self._server.user, self._server.password or "")
        except (SMTPException, OSError, ValueError) as error:
            self.client.close()
            raise Away(said(error)) from error
        except BaseException:
            self.client.close()
            raise

    async def send(self, to: str, message: Sequence[bytes]) -> None:
        """Send a mail, as `letter.stuffed` gives it. Raises Refused, Away, Lost."""
        size = sum(map(len, message))
        try:
            async with asyncio.timeout(3 * self._server.timeout + size / SLOWEST):
                await self._send(to, message, size)
        except SMTPResponseException as error:
            with contextlib.suppress(SMTPException, OSError):
                await self.client.rset()
            refused = Refused(error.code, shown(error.message))
            if error.code == 421:
                raise Lost(str(refused)) from error
            if isinstance(error, SMTPRecipientRefused | SMTPDataError) or error.code == TOO_LARGE:
                raise refused from error
            # Not the mail is to blame, but who we are.
            raise Away(f"the sender is refused: {refused}") from error
        except (SMTPException, OSError, ValueError) as error:
            self.client.close()
            raise Lost(said(error)) from error
        except BaseException:
            self.client.close()
            raise

    async def _greet(self) -> None:
        """A server that knows no EHLO knows no extension either (RFC 5321 section 3.2)."""
        if self.client.is_ehlo_or_helo_needed:
            try:
                await self.client.ehlo()
            except SMTPHeloError:
                await self.client.helo()

    async def _send(self, to: str, message: Sequence[bytes], size: int) -> None:
        client = self.client
        options = [f"SIZE={size}"] if client.supports_extension("size") else []
        await client.mail(self._server.sender[1], options=options)
        await client.rcpt(to)
        await self.data(message)

    async def data(self, message: Sequence[bytes]) -> str:
        """The message itself, after its sender and recipient; what the server says to it. Raises SMTPException."""
        response = await self.client.execute_command(b"DATA")
        if response.code != 354:
            raise SMTPDataError(response.code, response.message)
        for piece in message:
            # aiosmtplib's own way looks through the whole message at once: 150 ms for 10 MB, in which no call moves.
            await self._write(piece)
        patience = self._server.timeout + sum(map(len, message)) / SLOWEST
        response = await self.client.execute_command(b".", timeout=patience)
        if response.code != 250:
            raise SMTPDataError(response.code, response.message)
        return f"{response.code} {response.message}"

    async def _write(self, piece: bytes) -> None:
        transport = self.client.transport
        if not isinstance(transport, asyncio.WriteTransport) or transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        transport.write(piece)
        while transport.get_write_buffer_size() > UNSENT:  # noqa: ASYNC110 - a transport tells its protocol alone
            await asyncio.sleep(0.01)

    @property
    def alive(self) -> bool:
        """True while the connection stands."""
        return self.client.is_connected

    async def close(self) -> None:
        """Say goodbye, if the server listens."""
        with contextlib.suppress(SMTPException, OSError):
            async with asyncio.timeout(2):
                await self.client.quit()
        self.client.close()


@asynccontextmanager
async def connected(server: SmtpServer) -> AsyncIterator[Session]:
    """A session for the time of a block. Raises Away."""
    session = Session(server)
    await session.connect()
    try:
        yield session
    finally:
        await session.close()


def said(error: BaseException) -> str:
    """What went wrong, in one line that holds no password."""
    if isinstance(error, SMTPResponseException):
        return shown(f"{error.code} {error.message}")
    causes = list(_causes(error))
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return shown(f"TLS failed: {cause.reason or cause}")
        if isinstance(cause, socket.gaierror):
            return f"no such host: {cause.strerror}"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection is refused"
        if isinstance(cause, TimeoutError):
            return "no answer in time"
    return shown(str(error)) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def shown(text: str | bytes) -> str:
    """What a mail server says, in one line that a terminal only writes."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join("".join(c if c.isprintable() else " " for c in told).split())[:300]


def _own_name(sender: str) -> str:
    """What EHLO says (RFC 5321 section 4.1.1.1); a full name, without asking any DNS, which may take its time."""
    name = socket.gethostname()
    return name if "." in name else f"{name}.{sender.rpartition('@')[2]}"
