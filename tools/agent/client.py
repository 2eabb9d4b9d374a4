"""An agent's session, for programs that use asyncio."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from .connection import Connection, CutOff
from .messages import PORT, SESSION, VERSION, Event, Hello, Lost, Message, Refused, State

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds until a lost connection is made again: after the first failure, and after many. A quarter more or less."""

STEADY = 15.0
"""Seconds that a connection has held when the next loss is the first again."""

GHOST = 20.0
"""Seconds during which the server may take the connection that was lost for another client's."""

MOST_UNREAD = 1_000
"""Messages that wait for the application. With more, nothing is read from the server, which ends the connection."""

pause = asyncio.sleep
"""Between two attempts."""


@dataclass(frozen=True)
class Login:
    """What a session is opened with, each time that it is."""

    code: str
    password: str
    extension: str = ""
    language: str = "en"

    def __repr__(self) -> str:
        return f"Login({self.code!r})"


class AgentClient:
    """One session, from `open` to `close`: `async with AgentClient(server) as client: await client.open(…)`, then
    `async for message in client`. It connects again by itself when the connection is lost.

    The requests say whether they could be sent; what comes of them is a message. The iteration ends when the session
    is over: after `close`, or when the server does not let the agent in (`U`, `D`, `B`).
    """

    def __init__(
        self,
        server: str = "127.0.0.1",
        port: int = PORT,
        *,
        tls: ssl.SSLContext | None = None,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """tls: for a server that wants TLS, such as `ssl.create_default_context()`. chance: a number between two."""
        self.logged_in = False
        """True from `A` until the connection is lost or the session over."""
        self.closed = False
        """True once `close` was called: the end was wanted."""
        self.error = ""
        """Why the server could not be reached when that was tried last."""
        self._server, self._port, self._tls = server, port, tls
        self._chance = chance
        self._login: Login | None = None
        self._connection: Connection | None = None
        self._unavailable: str | None = None
        """What the agent has said, in case the server forgets it."""
        self._restoring = False
        self._runner: asyncio.Task[None] | None = None
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue(MOST_UNREAD)
        self._over = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        if self._over and self._messages.empty():
            raise StopAsyncIteration
        message = await self._messages.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def open(self, code: str, password: str, extension: str = "", language: str = "en") -> bool:
        """Log in; the answer is an event: `A`, `U`, `D` or `B`. extension: where calls reach the agent; empty for
        the phone of the directory. False when the server cannot be reached, and when a session was opened before.
        Raises ValueError for a text that is too long."""
        if self._login is not None or self._over:
            return False
        self._login = Login(code, password, extension, language)
        try:
            connection = await self._connect()
        except BaseException:
            self._login = None
            raise
        if connection is None:
            self._login = None
            return False
        if self._over:
            connection.abort()
            return False
        self._runner = asyncio.create_task(self._run(connection))
        return True

    async def accept(self, call: str) -> bool:
        """Take a call, named by its id or its channel."""
        return await self._send("accept", call=call)

    async def reject(self, call: str) -> bool:
        """Refuse a call that was offered to this agent alone (`?`)."""
        return await self._send("reject", call=call)

    async def unavailable(self, reason: str = "") -> bool:
        """No calls from now on. It holds when the connection is lost, too."""
        sent = await self._send("unavailable", reason=reason)
        if sent:
            self._unavailable = reason
        return sent

    async def available(self) -> bool:
        """Calls again; ends the rest after a call early."""
        sent = await self._send("available")
        if sent:
            self._unavailable = None
        return sent

    async def call(self, number: str, record: bool = False) -> bool:
        """Call a number and be connected with it: `C` or `F`, and in the end `T`."""
        return await self._send("call", number=number, record=record)

    async def close(self) -> bool:
        """Log out. False when the server could not be told. Idempotent."""
        connection, runner = self._connection, self._runner
        self.closed = self._over = True
        self._connection, self._runner, self.logged_in = None, None, False
        if runner is not None:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
        sent = await connection.leave() if connection is not None else False
        while self._messages.full():
            self._messages.get_nowait()
        self._messages.put_nowait(None)
        return sent

    async def _send(self, kind: str, **fields: Any) -> bool:
        connection = self._connection
        return connection is not None and await connection.send(kind, **fields)

    async def _connect(self) -> Connection | None:
        """A connection on which the log-in has been asked for."""
        assert self._login is not None
        login = self._login
        try:
            connection = await Connection.connect(self._server, self._port, self._tls)
        except OSError as error:
            self.error = str(error)
            return None
        try:
            sent = await connection.send(
                "open", protocol=VERSION, code=login.code, password=login.password,
                extension=login.extension, language=login.language,
            )  # fmt: skip
        except BaseException:
            connection.abort()
            raise
        if not sent:
            connection.abort()
            return None
        self._connection = connection
        return connection

    async def _run(self, first: Connection) -> None:
        """Until the session is over."""
        loop = asyncio.get_running_loop()
        connection: Connection | None = first
        wait, lost = FIRST_WAIT, -GHOST
        while connection is not None:
            began = loop.time()
            again = await self._serve(connection, patient=began - lost < GHOST)
            was_in = self.logged_in
            self._connection, self.logged_in = None, False
            connection.abort()
            if again is None:
                break
            if loop.time() - began >= STEADY:
                wait = FIRST_WAIT
            if was_in:
                lost = loop.time()
            await self._messages.put(again)
            connection = None
            while connection is None:
                await pause(wait * self._chance(0.75, 1.25))
                wait = min(2 * wait, LONGEST_WAIT)
                connection = await self._connect()
            self._restoring = True
        self._over = True
        await self._messages.put(None)

    async def _serve(self, connection: Connection, *, patient: bool) -> Lost | None:
        """Until the connection ends: why another is to be made, None for no more. patient: an agent who was cut off a
        moment ago may still be logged in, as far as the server knows, and not be let in twice."""
        while True:
            try:
                message = await connection.receive()
            except OSError as error:
                return Lost(str(error), error.why if isinstance(error, CutOff) else "network")
            if isinstance(message, Hello):
                continue
            if isinstance(message, Event) and message.letter in SESSION:
                if message.letter != "A" and patient and message.letter == "D" and not self.logged_in:
                    return Lost(message.reason)
                self.logged_in = message.letter == "A"
            await self._messages.put(message)
            if isinstance(message, Event) and message.letter in "UDB":
                return None
            if isinstance(message, Refused) and message.error == "protocol":
                return None
            if isinstance(message, State) and self._restoring and self.logged_in:
                self._restoring = False
                if message.state == "available" and self._unavailable is not None:
                    await connection.send("unavailable", reason=self._unavailable)
