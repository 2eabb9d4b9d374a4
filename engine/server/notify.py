"""Tells systemd how the server is (sd_notify(3), Type=notify in the unit), where there is one."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping

log = logging.getLogger("flowctl.server")

AGAIN, TRIES = 0.1, 100
"""Seconds between two attempts to say what must be heard, and how many there are."""


class Notifier:
    """Speaks to the socket that the environment names."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        self._failed = False
        """The last attempt to tell something has failed; said once."""
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        limit = environ.get("WATCHDOG_USEC", "") if ours else ""
        self.every = int(limit) / 2e6 if self._path and limit.isdecimal() else 0.0
        """Seconds between two signs of life, half of what the watchdog allows (sd_watchdog_enabled(3)); 0: none are
        asked for."""

    def ready(self, summary: str) -> None:
        """Calls are answered."""
        self._tell(f"READY=1\nSTATUS={summary}")

    def stopping(self, seconds: float) -> None:
        """No new calls; it may take so many seconds."""
        self._tell(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    async def keep_alive(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Until cancelled: a sign of life from the event loop, as long as `alive`. One that is stuck gives none, and
        the watchdog starts the server anew."""
        while self.every:
            if alive():
                self._send("WATCHDOG=1")
            await asyncio.sleep(self.every)

    def _tell(self, text: str, tries: int = TRIES) -> None:
        """What must be heard: said again a little later while systemd has not read what was said before."""
        if not self._send(text) and tries > 1:
            asyncio.get_running_loop().call_later(AGAIN, self._tell, text, tries - 1)

    def _send(self, text: str) -> bool:
        """False when its queue is full: a sign of life is followed by the next."""
        if not self._path:
            return True
        # A socket in the abstract namespace is written with @.
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
                ours.setblocking(False)
                ours.sendto(text.encode(), address)
        except BlockingIOError:
            return False
        except OSError as error:
            if not self._failed:
                log.warning("systemd cannot be told how we are: %s", error)
            self._failed = True
        else:
            self._failed = False
        return True
