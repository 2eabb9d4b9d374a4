"""One agent's computer: what it asks, what it is told, and when it counts as gone. Knows no transport."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from engine.centres.chronicle import Ending
from engine.centres.events import AgentEvent, Code, StateEvent
from engine.centres.session import AgentSession
from engine.centres.texts import reason
from engine.server.link import protocol
from engine.server.link.limits import Bucket, Place
from engine.server.link.protocol import Error, Request

if TYPE_CHECKING:
    from engine.server.link.link import AgentLink

log = logging.getLogger("flowctl.link")

OPEN_WITHIN = 10.0
"""Seconds that a connection has to log in."""

MOST_UNREAD = 1024 * 1024
"""Bytes that wait for a client to read them."""

MOST_WAITING = 40
"""Requests that wait while a password is looked at."""


class Wire(ABC):
    """A transport, from the connection's side. Lines are without their end. Nothing here waits or raises."""

    @abstractmethod
    def send(self, line: bytes) -> None:
        """Send a line."""

    @property
    @abstractmethod
    def unread(self) -> int:
        """Bytes that the other end has not taken yet."""

    @abstractmethod
    def close(self) -> None:
        """Close, after what has been sent; `Connection.lost` may be called or not."""

    @abstractmethod
    def abort(self) -> None:
        """Close at once."""


class Connection:
    """From the first line to the last. The transport calls `receive` for each line, and `lost` when it is no more."""

    def __init__(self, link: AgentLink, wire: Wire, place: Place) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._link = link
        self._wire = wire
        self._place = place
        self._bucket = Bucket(loop.time)
        self._session: AgentSession | None = None
        self._opening: asyncio.Task[None] | None = None
        self._claimed: str | None = None
        """Code of the agent whose password is looked at."""
        self._waiting: list[Request] = []
        self._ended = False
        self._heard = loop.time()
        self._pinger = loop.call_later(protocol.PING, self._ping)
        self._watch = loop.call_later(protocol.TIMEOUT, self._look)
        self._patience: asyncio.TimerHandle | None = None
        self._be_patient()
        self._send(protocol.hello())

    # What the transport says

    def receive(self, line: bytes) -> None:
        """A line has come."""
        if self._ended:
            return
        self._heard = self._loop.time()
        if len(line) > protocol.MOST_FROM_CLIENT:
            self.cut(Error.TOO_LARGE, f"a line has {protocol.MOST_FROM_CLIENT} bytes at most")
            return
        if not self._bucket.take():
            self.cut(Error.TOO_FAST, "too many requests")
            return
        try:
            request = protocol.read(line)
        except protocol.BadRequest as bad:
            self._send(protocol.error(Error.BAD_REQUEST, str(bad), bad.id))
            return
        if self._opening is None:
            self._attend(request)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(request)
        else:
            self.cut(Error.TOO_FAST, "too many requests before the answer to open")

    def lost(self) -> None:
        """The transport is no more. Idempotent."""
        self._end("lost", linger=self._link.sessions.linger)

    def cut(self, error: Error, message: str) -> None:
        """End the connection, and say why. An agent who was logged in may come back."""
        if self._ended:
            return
        agent = f", agent {self._session.desk.code}" if self._session is not None else ""
        self._link.log_cut(error, f"{self._place.address}{agent}: {message}")
        self._wire.send(protocol.error(error, message))
        self._end("stopped" if error is Error.STOPPING else "lost", linger=self._link.sessions.linger)
        self._wire.close()

    def _leave(self) -> None:
        """The agent has logged out, or was logged out."""
        if not self._ended:
            self._end("logged_out")
            self._wire.close()

    def _end(self, ending: Ending, *, linger: float = 0.0) -> None:
        if self._ended:
            return
        self._ended = True
        for timer in (self._pinger, self._watch, self._patience):
            if timer is not None:
                timer.cancel()
        if self._session is not None:
            self._session.close(linger=linger, ending=ending)
        # Who does not wait for the answer has the password looked at all the same, and takes a place meanwhile.
        if self._opening is None:
            self._place.leave()
        self._link.forget(self)

    # What the clock says

    def _ping(self) -> None:
        self._pinger = self._loop.call_later(protocol.PING, self._ping)
        self._send(protocol.ping())

    def _look(self) -> None:
        """Whoever has said nothing for so long is gone, whatever TCP believes."""
        end = self._heard + protocol.TIMEOUT
        if self._loop.time() >= end:
            self.cut(Error.TIMEOUT, f"nothing was heard for {protocol.TIMEOUT:g} s")
        else:
            self._watch = self._loop.call_at(end, self._look)

    def _be_patient(self) -> None:
        self._patience = self._loop.call_later(
            OPEN_WITHIN, self.cut, Error.TIMEOUT, f"nobody logged in within {OPEN_WITHIN:g} s"
        )

    # What the client asks

    def _attend(self, request: Request) -> None:
        """Guarded: what fails here concerns this agent alone."""
        try:
            self._do(request)
        except Exception:
            self._link.log_failure.exception()
            self.cut(Error.INTERNAL, "the server failed")

    def _do(self, request: Request) -> None:
        match request:
            case protocol.Pong():
                return
            case protocol.Open():
                self._open(request)
                return
            case protocol.Close():
                self._send(protocol.ok(request.id))
                self._leave()
                return
        session = self._session
        if session is None or not session.open:
            self._send(protocol.error(Error.NOT_OPEN, "log in first", request.id))
            return
        self._send(protocol.ok(request.id))
        match request:
            case protocol.Accept():
                session.accept(request.call)
            case protocol.Reject():
                session.reject(request.call)
            case protocol.Unavailable():
                session.be_unavailable(request.reason)
            case protocol.Available():
                session.be_available()
            case protocol.MakeCall():
                session.call(request.number, record=request.record)

    def _open(self, request: protocol.Open) -> None:
        if self._session is not None:
            self._send(protocol.error(Error.BAD_REQUEST, "logged in already", request.id))
        elif request.protocol != protocol.VERSION:
            self.cut(Error.PROTOCOL, f"this server speaks version {protocol.VERSION}")
        elif self._link.guesses.banned(self._place.address, request.code):
            self._ban()
        else:
            self._send(protocol.ok(request.id))
            self._prove(request)

    def _prove(self, request: protocol.Open) -> None:
        """Log in with the ticket, if it is good, or with the password."""
        code = request.code
        password = request.password.get_secret_value() if request.password is not None else None
        if request.ticket is not None:
            code = self._link.tickets.redeem(request.ticket.get_secret_value())
        if code is None:
            self._send(protocol.event(AgentEvent(Code.BAD_PASSWORD, reason=reason("bad_ticket", request.language))))
            return
        if self._patience is not None:
            self._patience.cancel()
        self._claimed = code if password is not None else None
        self._opening = self._loop.create_task(self._log_in(request, code, password))
        self._link.openings.add(self._opening)
        self._opening.add_done_callback(self._link.openings.discard)

    async def _log_in(self, request: protocol.Open, code: str, password: str | None) -> None:
        try:
            await self._verify(request, code, password)
        except Exception:
            self._link.log_failure.exception()
            self.cut(Error.INTERNAL, "the server failed")
        self._opening = None
        if self._ended:
            self._place.leave()
        else:
            self._answered()

    async def _verify(self, request: protocol.Open, code: str, password: str | None) -> None:
        link = self._link
        async with link.verifying:
            # Others may have guessed while this one waited for its turn.
            if not self._ended and not link.guesses.banned(self._place.address, self._claimed):
                self._session = await link.sessions.open(
                    code, password, request.extension.strip(), self._tell,
                    language=request.language, wanted=lambda: not self._ended,
                )  # fmt: skip

    def _answered(self) -> None:
        link, address = self._link, self._place.address
        if self._session is not None:
            self._place.opened()
            if self._claimed is not None:
                link.guesses.succeeded(address, self._claimed)
            log.info("agent %s logged in from %s", self._session.desk.code, address)
        elif link.guesses.banned(address, self._claimed):
            self._ban()
        else:
            self._be_patient()
        self._catch_up()

    def _ban(self) -> None:
        self.cut(Error.BANNED, "too many wrong passwords: wait ten minutes")

    def _catch_up(self) -> None:
        """Do what was asked meanwhile."""
        while self._waiting and self._opening is None and not self._ended:
            self._attend(self._waiting.pop(0))

    # What the agent is told

    def _tell(self, event: AgentEvent | StateEvent) -> None:
        """Called by the session, in the middle of its work: what follows from it happens afterwards."""
        if isinstance(event, StateEvent):
            self._send(protocol.state(event))
            return
        if event.code in (Code.UNKNOWN, Code.BAD_PASSWORD):
            self._link.guesses.failed(self._place.address, self._claimed or "")
        if self._ended:
            return
        self._send(self._link.line_of(event))
        if event.code is Code.DISABLED and self._session is not None:
            self._loop.call_soon(self._leave)

    def _send(self, line: bytes) -> None:
        if self._ended:
            return
        self._wire.send(line)
        if self._wire.unread > MOST_UNREAD:
            self._loop.call_soon(self._overflow)

    def _overflow(self) -> None:
        if not self._ended:
            self._link.log_cut(Error.TIMEOUT, f"{self._place.address} does not read what it is sent")
            self._end("lost", linger=self._link.sessions.linger)
            self._wire.abort()
