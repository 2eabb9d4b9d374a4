"""One media worker process, seen from the control process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from drivers.sip.media.wire import Message, Wire
from engine.errors import CallError, EngineError, LegGone

log = logging.getLogger(__name__)

START = 20.0
"""Seconds that a worker may take to start."""
ANSWER = 5.0
"""Seconds in which a worker answers; one that does not is killed and counts as dead."""
FAREWELL = 3.0
"""Seconds that a worker may take to end."""

_BATCH = 64
"""Messages read before other work of the event loop is let in."""


class WorkerLink:
    """Messages to and from one process, which lives as long as the link."""

    def __init__(self, on_event: Callable[[Message], None], on_gone: Callable[[], None]) -> None:
        """on_event: called with each event. on_gone: called once if the process ends before `stop`."""
        self._on_event = on_event
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._requests = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._ready = self._loop.create_future()
        self._wire: Wire | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._writing = False

    async def start(self, spool: Path) -> None:
        """Returns when the worker is ready. Raises EngineError when it does not start."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._wire = Wire(ours)
        self._loop.add_reader(ours, self._read)
        arguments = ("-P", "-m", "drivers.sip.media.worker", str(theirs.fileno()), str(spool))
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *arguments,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            await asyncio.wait_for(asyncio.shield(self._ready), START)
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError | TimeoutError | LegGone):
                raise EngineError(f"a media worker does not start: {error!r}") from error
            raise

    @property
    def pid(self) -> int:
        """Process id of a started worker."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the worker has gone or `stop` has begun."""
        return self._wire is not None

    def post(self, message: Message) -> None:
        """Send a command without waiting for its answer. After the end of the worker it goes nowhere.

        Raises CallError for a command that is too long.
        """
        if self._wire is None:
            return
        try:
            drained = self._wire.send(message)
        except ValueError as error:
            raise CallError(str(error)) from None
        if not drained and not self._writing:
            self._writing = True
            self._loop.add_writer(self._wire.sock, self._flush)

    async def request(self, message: Message, *, bounded: bool = True) -> Message:
        """Send a command and return the answer.

        bounded: False for a command that takes as long as it takes. Raises CallError when it is refused, LegGone
        when the worker has died.
        """
        if self._wire is None:
            raise LegGone("the media worker has ended")
        number = next(self._requests)
        answer: asyncio.Future[Message] = self._loop.create_future()
        self._waiting[number] = answer
        try:
            self.post({**message, "id": number})
            reply = await asyncio.wait_for(answer, ANSWER if bounded else None)
        except TimeoutError:
            log.error("media worker %d does not answer, it is killed", self.pid)
            self.kill()
            raise LegGone("the media worker does not answer") from None
        finally:
            self._waiting.pop(number, None)
        del reply["re"]
        if "error" in reply:
            raise CallError(reply["error"])
        return reply

    def kill(self) -> None:
        """End the process the hard way; `on_gone` follows."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Tell the worker to end, and wait until it has. Idempotent."""
        wire = self._detach()
        try:
            if wire is not None:
                wire.send({"op": "end"})
            if self._process is None:
                return
            try:
                await asyncio.wait_for(self._process.wait(), FAREWELL)
            except TimeoutError:
                self.kill()
                await self._process.wait()
        finally:
            # Not before: a worker that reads the end of file without an "end" takes us for dead.
            if wire is not None:
                wire.sock.close()

    def _flush(self) -> None:
        if self._wire is not None and self._wire.flush():
            self._writing = False
            self._loop.remove_writer(self._wire.sock)

    def _read(self) -> None:
        for _ in range(_BATCH):
            if self._wire is None:
                return
            try:
                message = self._wire.receive()
            except BlockingIOError:
                return
            except EOFError:
                if (wire := self._detach()) is not None:
                    wire.sock.close()
                self._on_gone()
                return
            self._handle(message)

    def _handle(self, message: Message) -> None:
        if (number := message.get("re")) is not None:
            answer = self._waiting.get(number)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif message["ev"] == "ready":
            self._ready.set_result(None)
        else:
            self._on_event(message)

    def _detach(self) -> Wire | None:
        """Neither read nor write any more; the socket is left to close, the first time."""
        wire, self._wire = self._wire, None
        if wire is None:
            return None
        self._loop.remove_reader(wire.sock)
        self._loop.remove_writer(wire.sock)
        gone = LegGone("the media worker has ended")
        for answer in (self._ready, *self._waiting.values()):
            if not answer.done():
                answer.set_exception(gone)
                answer.exception()  # taken note of, also when nobody waits any more
        return wire
