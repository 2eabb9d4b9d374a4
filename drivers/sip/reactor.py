"""The signalling thread: one for the process, shared by every SIP driver in it.

sippy's timers are process-wide (`ED2`), so there can be one thread only. Its own waiting primitive wakes up a
hundred times a second and gets packets through two more threads a socket; the `Reactor` stands in its place:
it sleeps until the next timer, a datagram or a call from another thread, and reads the sockets itself.

sippy is imported in this thread: everything of sippy is used here and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, TypeVarTuple

from drivers.sip.limited_log import LimitedLog

Args = TypeVarTuple("Args")
R = TypeVar("R")

log = logging.getLogger(__name__)


class Reactor:
    """Stands in for sippy's `ElPeriodic`; `post` and `call` may be used from any thread, the rest only inside."""

    def __init__(self) -> None:
        self.failures = LimitedLog(log, "unexpected failure in SIP signalling")
        self._selector = selectors.DefaultSelector()
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ, self._drain_wakeups)
        self._dispatcher: Any = None
        self._failure: Exception | None = None
        """Why the thread could not begin: sippy is not installed, say."""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sip-signalling", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def post(self, function: Callable[[*Args], object], *args: *Args) -> None:
        """Run `function(*args)` in the signalling thread, soon; calls keep their order."""
        self._calls.append((function, args))
        if threading.get_ident() != self._thread.ident:
            with contextlib.suppress(BlockingIOError):  # enough wake-ups are waiting already
                self._wake_in.send(b"\0")

    async def call(self, function: Callable[[*Args], R], *args: *Args) -> R:
        """Run `function(*args)` in the signalling thread and wait for its result."""
        result: Future[R] = Future()

        def run() -> None:
            try:
                value = function(*args)
            except Exception as error:  # noqa: BLE001 - handed over to the caller
                result.set_exception(error)
            else:
                result.set_result(value)

        self.post(run)
        # Shielded: cancelling the caller must not cancel a future that the other thread is about to set.
        return await asyncio.shield(asyncio.wrap_future(result))

    def watch(self, sock: socket.socket, on_readable: Callable[[], object]) -> None:
        """Call `on_readable` whenever `sock` has something to read."""
        self._selector.register(sock, selectors.EVENT_READ, on_readable)

    def unwatch(self, sock: socket.socket) -> None:
        """Forget `sock`."""
        self._selector.unregister(sock)

    def _run(self) -> None:
        try:
            from drivers.sip import adapt

            self._dispatcher = adapt.dispatcher(self)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for us
            self._failure = error
            return
        finally:
            self._ready.set()
        while True:
            try:
                self._dispatcher.loop()
            except Exception:  # noqa: BLE001 - the thread of every call must survive
                self.failures.exception()

    def procrastinate(self) -> None:
        """One turn, called by sippy between two looks at its timers."""
        timers = self._dispatcher.tlisteners
        wait = max(0.0, -timers[0].etime.offsetFromNow()) if timers else None
        for key, _ in self._selector.select(0 if self._calls else wait):
            self._guarded(key.data)
        for _ in range(len(self._calls)):
            function, args = self._calls.popleft()
            self._guarded(function, *args)

    def call_from_thread(self, handler: Callable[..., object], *args: Any) -> None:
        """Name and signature are `ElPeriodic`'s."""
        self.post(handler, *args)

    def _guarded(self, function: Callable[..., object], *args: Any) -> None:
        try:
            function(*args)
        except Exception:  # noqa: BLE001 - one call's failure must not concern another
            self.failures.exception()

    def _drain_wakeups(self) -> None:
        while True:
            try:
                if len(self._wake_out.recv(4096)) < 4096:
                    return
            except BlockingIOError:
                return


_lock = threading.Lock()
_reactor: Reactor | None = None


def shared_reactor() -> Reactor:
    """The process's reactor, started at the first use. Blocks for the import of sippy then (100 ms)."""
    global _reactor  # noqa: PLW0603 - sippy's event dispatcher is a singleton too
    with _lock:
        if _reactor is None:
            _reactor = Reactor()
        return _reactor
