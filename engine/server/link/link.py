"""The agent link of a server: what its connections share, whatever they came by."""

from __future__ import annotations

import asyncio
import logging

from engine.centres.centres import Centres
from engine.centres.events import AgentEvent, Code
from engine.centres.sessions import Sessions
from engine.limited_log import LimitedLog
from engine.server.link import protocol
from engine.server.link.connection import Connection, Wire
from engine.server.link.limits import Gate, Guesses, Place, Refused
from engine.server.link.protocol import Error
from engine.server.link.tickets import Tickets

log = logging.getLogger("flowctl.link")

VERIFIED_AT_ONCE = 2
"""Passwords; each takes a processor for 50 ms, and threads that others need."""


class AgentLink:
    """A transport asks for a `place` as soon as somebody connects, and makes a connection of it with `connect`."""

    def __init__(self, centres: Centres, sessions: Sessions) -> None:
        self.sessions = sessions
        self.guesses = Guesses(asyncio.get_running_loop().time)
        self.tickets = Tickets(asyncio.get_running_loop().time)
        self.log_failure = LimitedLog(log, "agent link: a request failed")
        self.verifying = asyncio.Semaphore(VERIFIED_AT_ONCE)
        self._centres = centres
        self._gate = Gate(self.guesses)
        self._connections: set[Connection] = set()
        self._closed = False
        self.openings: set[asyncio.Task[None]] = set()
        """Log-ins of which the password is being looked at, of connections that have ended, too."""
        self._logs: dict[Error, LimitedLog] = {}
        self._told: tuple[AgentEvent, str | None] | None = None
        self._line = b""
        """That of the event told last."""

    def place(self, address: str) -> Place:
        """A place for a connection from that IP address. Raises Refused, which has been logged."""
        try:
            if self._closed:
                raise Refused(Error.STOPPING, "the server stops")
            return self._gate.enter(address)
        except Refused as refused:
            self.log_cut(refused.error, f"{address}: {refused}")
            raise

    def connect(self, wire: Wire, place: Place) -> Connection:
        """A connection has been made: say hello. The place is given back when it ends."""
        connection = Connection(self, wire, place)
        self._connections.add(connection)
        return connection

    def forget(self, connection: Connection) -> None:
        """It has ended."""
        self._connections.discard(connection)

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._connections)

    def line_of(self, event: AgentEvent) -> bytes:
        """What a client is told. One agent after another is told the same of a call: the line is made once."""
        told = event, self._ring_of(event)
        if told != self._told:
            self._told, self._line = told, protocol.event(*told)
        return self._line

    def _ring_of(self, event: AgentEvent) -> str | None:
        """The sound that announces the call, with `P` and `?`."""
        if event.code not in (Code.PENDING, Code.ASKED):
            return None
        centre = self._centres.find(event.centre)
        return centre.ring if centre is not None else None

    def log_cut(self, error: Error, detail: str) -> None:
        """A connection is cut off, or not let in: at most one line each ten seconds for each kind of error."""
        if error is Error.STOPPING:
            return
        if error not in self._logs:
            self._logs[error] = LimitedLog(log, f"agent link: cut off ({error.value})")
        self._logs[error].warning(detail)

    def close(self) -> None:
        """The server stops: end every connection, and let nobody in any more."""
        self._closed = True
        for connection in tuple(self._connections):
            connection.cut(Error.STOPPING, "the server stops")

    async def settle(self) -> None:
        """After `close`: until no password is being looked at any more."""
        await asyncio.gather(*self.openings)
