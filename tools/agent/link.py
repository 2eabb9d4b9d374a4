"""An agent's session, for programs without asyncio: functions that may be called from any thread, and a callback."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

from .client import AgentClient
from .messages import PORT, WAITING, Event, Message
from .variables import VariablesFile

log = logging.getLogger(__name__)

ANSWER_WITHIN = 15.0
"""Seconds until a function gives up; the library itself gives up before."""

Callback = Callable[[Message], None]


class AgentLink:
    """One agent's session at a time. The functions say whether the request could be sent; what comes of it the
    callback is told, which runs in a thread of the library, may take its time, and may call these functions."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """tls: for a server that wants TLS."""
        self._tls = tls
        self._calling = threading.RLock()
        """Held while the callback runs."""
        self._opening = threading.Lock()
        self._callback: Callback | None = None
        self._variables: VariablesFile | None = None
        self._session: _Session | None = None

    def declare_callback(self, callback: Callback | None) -> None:
        """Who is told of messages; None for nobody. When this returns the one before runs no longer, unless it is
        the one who calls."""
        with self._calling:
            self._callback = callback

    def declare_variables_file(self, path: str | Path | None) -> None:
        """Where the variables of a call are written before the callback is told of it (`?`, `P`, `X`); None for
        nowhere. Raises ValueError for a path that is neither absolute nor a bare name."""
        self._variables = VariablesFile(path) if path is not None else None

    def open_session(
        self, code: str, password: str, extension: str = "", server: str = "127.0.0.1", port: int = PORT
    ) -> bool:
        """Log in, and out first where one is logged in. Waits for the connection, 5 s at most."""
        with self._opening:
            self._close()
            session = _Session(AgentClient(server, port, tls=self._tls), self._tell)
            self._session = session
            if session.do(session.client.open(code, password, extension)):
                session.listen()
                return True
            self._close()
            return False

    def close_session(self) -> bool:
        """Log out. The callback is told nothing more of the session."""
        with self._opening:
            return self._close()

    def accept_call(self, call: str) -> bool:
        """Take a call, named by its channel or its id."""
        return self._do(lambda client: client.accept(call))

    def reject_call(self, call: str) -> bool:
        """Refuse a call that was offered to this agent alone (`?`)."""
        return self._do(lambda client: client.reject(call))

    def unavailable(self, reason: str = "") -> bool:
        """No calls from now on."""
        return self._do(lambda client: client.unavailable(reason))

    def available(self) -> bool:
        """Calls again."""
        return self._do(lambda client: client.available())

    def call(self, number: str, record: bool = False) -> bool:
        """Call a number and be connected with it."""
        return self._do(lambda client: client.call(number, record))

    def _do(self, request: Callable[[AgentClient], Coroutine[Any, Any, bool]]) -> bool:
        session = self._session
        return session is not None and session.do(request(session.client))

    def _close(self) -> bool:
        session, self._session = self._session, None
        return session is not None and session.close()

    def _tell(self, session: _Session, message: Message) -> None:
        """In the session's own thread: write the variables, call back."""
        with self._calling:
            if session is not self._session:
                return
            if isinstance(message, Event) and message.letter in (*WAITING, "X") and self._variables is not None:
                try:
                    self._variables.write(message.variables)
                except OSError as error:
                    log.error("variables file: %s", error)
            if self._callback is not None:
                try:
                    self._callback(message)
                except Exception:
                    log.exception("the callback failed")


class _Session:
    """A client, the thread of its event loop, and the thread that calls back."""

    def __init__(self, client: AgentClient, tell: Callable[[_Session, Message], None]) -> None:
        self.client = client
        self._tell = tell
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="agent link", daemon=True)
        self._thread.start()

    def do(self, request: Coroutine[Any, Any, bool]) -> bool:
        """Have it done by the loop. False also when the session is closed meanwhile, or the request makes no
        sense."""
        try:
            future = asyncio.run_coroutine_threadsafe(request, self._loop)
        except RuntimeError:
            request.close()
            return False
        try:
            return future.result(ANSWER_WITHIN)
        except (TimeoutError, CancelledError, ValueError):
            future.cancel()
            return False

    def listen(self) -> None:
        """Call back from now on, until the session is over."""
        threading.Thread(target=self._listen, name="agent callback", daemon=True).start()

    def close(self) -> bool:
        """Log out, and end the loop."""
        sent = self.do(self.client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_WITHIN)
        return sent

    def _run(self) -> None:
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        # One turn for what has just been cancelled.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _listen(self) -> None:
        while (message := self._wait()) is not None:
            self._tell(self, message)

    def _wait(self) -> Message | None:
        """The next message; None when the session is over."""
        waiting = self._next()
        try:
            future: Future[Message | None] = asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:
            waiting.close()
            return None
        while True:
            try:
                return future.result(1.0)
            except CancelledError:
                return None
            except TimeoutError:
                # What is handed to a loop in its last moment is never done.
                if self._loop.is_closed():
                    return None

    async def _next(self) -> Message | None:
        try:
            return await anext(self.client)
        except StopAsyncIteration:
            return None
