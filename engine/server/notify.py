"""Tells systemd how the server is (sd_notify(3), Type=notify in the unit), where there is one."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger("flowctl.server")


class Notifier:
    """Speaks to the socket that the environment names."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        limit = environ.get("WATCHDOG_USEC", "") if ours else ""
        self.every = int(limit) / 2e6 if self._path and limit.isdecimal() else 0.0
        """Seconds between two signs of life, half of what the watchdog allows (sd_watchdog_enabled(3)); 0: none are
        asked for."""

    def ready(self, summary: str) -> None:
        """Calls are answered."""
        self._send(f"READY=1\nSTATUS={summary}")

    def stopping(self, seconds: float) -> None:
        """No new calls; it may take so many seconds."""
        self._send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    async def keep_alive(self) -> None:
        """Until cancelled: a sign of life from the event loop. One that is stuck gives none, and the watchdog starts
        the server anew."""
        while self.every:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self.every)

    def _send(self, text: str) -> None:
        if not self._path:
            return
        # A socket in the abstract namespace is written with @.
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
                ours.setblocking(False)
                ours.sendto(text.encode(), address)
        except OSError as error:
            log.warning("systemd cannot be told how we are: %s", error)
            self._path = ""
