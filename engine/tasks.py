"""Work that must be finished whatever happens to the task that asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Do `work` to its end, even if we are cancelled meanwhile, once or several times; then be cancelled.

    For clearing up: hanging up the leg that has just answered, closing a recording, releasing an agent.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()


async def cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they end."""
    for task in tasks:
        task.cancel()
    await uninterrupted(_ended(tasks))


async def _ended(tasks: tuple[asyncio.Future[Any], ...]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
