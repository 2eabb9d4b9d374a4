"""pyVoIP's SIP client, mended: one thread, one peer, nothing registered. Call `library.require` before you import it.

What is pyVoIP's: the reading of INVITEs, the words of ours and of answers, with their session descriptions. What is
not: its loop (which polls, and holds a lock while it waits for a response), REGISTER, and every other message, which
it words wrongly (ACK and BYE with the far end's Via, a new tag in each response) or not at all.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import select
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from pyVoIP.SIP import SIPClient, SIPMessage

from drivers.pyvoip.call import Call
from drivers.pyvoip.text import ALLOW, Message, reply
from drivers.pyvoip.timers import Timers
from drivers.sip.limited_log import LimitedLog

log = logging.getLogger(__name__)

USER = "flowctl"
"""In our Contact, and in the From of calls that present no number."""

LARGEST = 65535
FAREWELL = 1.0
"""Seconds that `close` waits for the far end to confirm that its calls are over."""

Address = tuple[str, int]


class Client(SIPClient):
    """Everything but `post` and `close` happens in its own thread."""

    def __init__(self, listen: Address, peer: Address, on_call: Callable[[Call], None]) -> None:
        """on_call: told, in our thread, of each call that comes in. Raises OSError when `listen` cannot be had."""
        super().__init__(peer[0], peer[1], USER, "", None, myIP=listen[0], myPort=listen[1])
        self.timers = Timers()
        self.calls: dict[str, Call] = {}
        """By Call-ID, also for a while after their end, so that what is repeated gets its answer."""
        self._on_call = on_call
        self._unreadable = LimitedLog(log, "message that pyVoIP cannot read")
        self._failures = LimitedLog(log, "a call by pyVoIP failed")
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._closing = 0.0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.s = self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self.s.bind(listen)
        except OSError:
            self._close_sockets()
            raise
        self.myPort = self.s.getsockname()[1]
        self._thread = threading.Thread(target=self.recv_loop, name="pyVoIP SIP", daemon=True)

    def start(self) -> None:
        """Begin to receive; pyVoIP's own waits a second first."""
        self.NSD = True
        self._thread.start()

    def post(self, work: Callable[[], None]) -> None:
        """Have it done in our thread; from any thread."""
        self._work.append(work)
        with contextlib.suppress(OSError):  # full, and so awake; or closed
            os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Wait until the ends of calls are confirmed, a second at most, and give the socket and the thread back.
        Blocking."""
        self.post(self._close)
        self._thread.join()
        self._close_sockets()

    def register(self) -> bool:
        """There is nothing to register: the peer knows us by address."""
        return True

    def forget(self, call_id: str) -> None:
        """Nothing more will come of that call. pyVoIP remembers its tag for ever otherwise."""
        self.calls.pop(call_id, None)
        self.tagLibrary.pop(call_id, None)

    def send(self, data: bytes, to: Address) -> None:
        """Send, or lose it: it is repeated if it matters."""
        with contextlib.suppress(OSError):
            self.s.sendto(data, to)

    # pyVoIP's

    def gen_tag(self) -> str:
        """pyVoIP's remembers every tag, and looks through them all for each new one."""
        return uuid.uuid4().hex[:16]

    def gen_call_id(self) -> str:
        """pyVoIP's counts from 1 after each start."""
        return f"{uuid.uuid4().hex}@{self.myIP}"

    def _gen_response_via_header(self, request: Any) -> str:
        """Via as it came, and Record-Route, which pyVoIP leaves out (RFC 3261 section 12.1.1)."""
        kept = [line for line in request.original.headers if line[0] in ("Via", "Record-Route")]
        return "".join(f"{name}: {value}\r\n" for name, value in kept)

    def recv_loop(self) -> None:
        """The thread."""
        poll = select.poll()
        poll.register(self.s, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while self.NSD and not (self._closing and self._may_close()):
            wait = self.timers.wait()
            if self._closing:
                wait = min(0.02, wait or 0.02)
            poll.poll(None if wait is None else wait * 1000)
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake)
            for work in self.timers.due():
                self._guard(work)
            while self._work:
                self._guard(self._work.popleft())
            self._guard(self.recv)

    def recv(self) -> None:
        """Take what has come, from the peer; others get no answer."""
        for _ in range(64):
            try:
                data, source = self.s.recvfrom(LARGEST)
            except OSError:
                return
            if source[0] == self.server and data.strip(b"\r\n\0"):
                self._take(data, source)

    # Inside

    def _take(self, data: bytes, source: Address) -> None:
        try:
            message = Message(data)
        except ValueError as error:
            self._unreadable.warning(error)
            return
        call = self.calls.get(message.get("Call-ID"))
        try:
            if message.status:
                if call is not None:
                    call.on_response(message)
            else:
                self._on_request(message, call, source)
        except Exception as error:  # noqa: BLE001 - what one call makes of a message is no other call's concern
            self._failures.exception()
            if call is not None:
                call.fail(f"a defect: {error!r}")

    def _on_request(self, message: Message, call: Call | None, source: Address) -> None:
        method = message.method
        if method == "INVITE" and call is None:
            self._invited(message, source)
        elif method == "INVITE" and call is not None:
            call.on_invite(message)
        elif method == "ACK":
            if call is not None:
                call.on_ack(message)
        elif method == "OPTIONS":
            self._answer(message, source, 200, "OK")
        elif method not in ("BYE", "CANCEL"):
            self._answer(message, source, 405, "Method Not Allowed")
        elif call is None:
            self._answer(message, source, 481, "Call/Transaction Does Not Exist")
        elif method == "BYE":
            call.on_bye(message)
        else:
            call.on_cancel(message)

    def _invited(self, message: Message, source: Address) -> None:
        try:
            SIPMessage(message.encode())
        except Exception as error:  # noqa: BLE001 - whatever pyVoIP's parser raises
            self._unreadable.warning(f"{message.start}: {error!r}")
            self._answer(message, source, 400, "Bad Request")
            return
        call = Call(self, source, message)
        if call.acceptable:
            self.calls[call.call_id] = call
            call.take()
            self._on_call(call)
        else:
            self._answer(message, source, 488, "Not Acceptable Here")

    def _answer(self, message: Message, source: Address, status: int, phrase: str) -> None:
        allow = [f"Allow: {ALLOW}"] if status in (200, 405) else []
        self.send(reply(message, status, phrase, tag=self.gen_tag(), extra=allow), source)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - the other calls go on
            self._failures.exception()

    def _close(self) -> None:
        self._closing = time.monotonic() + FAREWELL

    def _may_close(self) -> bool:
        return not self.timers.repeating or time.monotonic() >= self._closing

    def _close_sockets(self) -> None:
        wake, self._wake = self._wake, -1  # its number may be another file's soon
        self.s.close()
        os.close(wake)
