"""Messages between the control process and a media worker.

One dict, marshalled, a datagram of a UNIX SOCK_SEQPACKET socket pair; order is kept both ways, and the end of either
process is seen by the other as end of file.

Commands have `op`; with `id` they are answered by `{"re": id}`, plus `error` (text) when refused. Ports are named by
numbers that the control side chooses.

    open      port host number dscp timeout rtcp: bind an RTP socket; 0: any; answered with its number
    connect   port host number codec payload dtmf send hear: hear whom is there, (send) send there from now on, and
              (hear) expect packets
    play      port play keys barge_in loop digits
    stop      port play                   silence
    digits    port keys series            answered when the last key has been sent
    release   port series                 send no more of these
    record    port recording path max silence both
    finish    port recording              end a recording
    bridge    port other
    unbridge  port
    close     port                        answered when the socket is closed
    stats                                 answered with figures
    end                                   close all and exit; an end of file without it is the parent's death

Events have `ev`: `ready`; `digit` (port key); `played` (port play interrupted, or error); `recorded` (port recording
duration ended_by, or error); `silent` (port; nothing has come for `timeout` seconds); `lost` (port error: an internal
error; the port is closed).
"""

from __future__ import annotations

import marshal
import socket
from collections import deque
from typing import Any

Message = dict[str, Any]

LARGEST = 1 << 17
"""Octets of the longest message: fits the default send buffer of a UNIX socket (212,992) with its overhead."""


class Wire:
    """One end of the socket pair, non-blocking. What the other side does not take at once waits in memory."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._waiting: deque[bytes] = deque()

    def send(self, message: Message) -> bool:
        """True when nothing waits; otherwise call `flush` once the socket is writable.

        Raises ValueError for a message that is too long. A closed other side is not an error: it shows on `receive`.
        """
        data = marshal.dumps(message)
        if len(data) > LARGEST:
            raise ValueError(f"a media command of {len(data)} octets is too long")
        self._waiting.append(data)
        return self.flush()

    def flush(self) -> bool:
        """Send what waits; True when nothing waits any more."""
        while self._waiting:
            try:
                self.sock.send(self._waiting[0])
            except BlockingIOError:
                return False
            except OSError:
                self._waiting.clear()
                return True
            self._waiting.popleft()
        return True

    def receive(self) -> Message:
        """The next message. Raises BlockingIOError when there is none, EOFError when the other side is gone, and
        ValueError when it is not a message."""
        try:
            data = self.sock.recv(LARGEST)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        try:
            message = marshal.loads(data)  # noqa: S302 - from the process that we have started, or that has started us
        except (EOFError, TypeError) as error:
            raise ValueError(f"not a message: {error}") from error
        if not isinstance(message, dict):
            raise ValueError("a message is a dict")
        return message
