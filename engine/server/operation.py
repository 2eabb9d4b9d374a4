"""How a running server is watched from outside: its health, its status file, and what systemd is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.server.notify import Notifier
from engine.server.settings import Settings
from engine.server.status import FILE, StatusFile
from engine.server.watched import Watched
from engine.tasks import cancel

FAREWELL = 15.0
"""Seconds that closing may take once the last call has ended."""


class Operation:
    """Made before the server starts, in the event loop: from then on there are signs of life. `ready` once calls are
    answered, `stopping` when they are no longer, `close` at the end."""

    def __init__(
        self,
        watched: Watched,
        settings: Settings,
        on_ready: Callable[[str], None],
        notifier: Notifier | None = None,
    ) -> None:
        """watched: its health is kept here. on_ready: told, too."""
        self.health = watched.health
        self._drain = settings.drain
        self._status = StatusFile(settings.data / FILE, watched)
        self._on_ready = on_ready
        self._notifier = notifier or Notifier()
        work = (self.health.watch(), self._notifier.keep_alive(lambda: self.health.alive), self._status.keep())
        self._tasks = [asyncio.get_running_loop().create_task(one) for one in work]

    def ready(self, summary: str) -> None:
        """Calls are answered. summary: a line that says where."""
        self.health.phase = "serving"
        self._notifier.ready(summary)
        self._on_ready(summary)

    def stopping(self) -> None:
        """No new calls."""
        self.health.phase = "stopping"
        self._notifier.stopping(self._drain + FAREWELL)

    async def close(self) -> None:
        """Everything has ended. Idempotent."""
        await cancel(*self._tasks)
        await self._status.close()
