"""A process of its own that delivers what waits in a server's outbox: `python postman.py SETTINGS`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.clock import SystemClock
from engine.records.outbox import FILE, Outbox
from engine.server.post import Post
from engine.server.settings import Settings


async def deliver(config: Path) -> None:
    """Until killed."""
    settings = Settings.load(config)
    outbox = Outbox(settings.data / FILE)
    await outbox.open()
    post = Post(settings, outbox, SystemClock())
    await post.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1])))
