"""How long an agent has a call: until it is over, or until their phone has passed it on to somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.lines import Leg
from engine.tasks import cancel, uninterrupted


class Hold:
    """An agent who is claimed, and is released once, however it comes."""

    def __init__(self, release: Callable[[], Awaitable[None]]) -> None:
        self._release: Callable[[], Awaitable[None]] | None = release
        self._watch: asyncio.Task[None] | None = None

    def until_passed_on(self, leg: Leg) -> None:
        """The agent is at the far end of `leg`: release them when they are there no more."""
        self._watch = asyncio.ensure_future(self._passed_on(leg))

    async def end(self) -> None:
        """The call is over. Idempotent; done even if we are cancelled meanwhile."""
        await uninterrupted(self._end())

    async def _end(self) -> None:
        if self._watch is not None:
            await cancel(self._watch)
        await self._let_go()

    async def _passed_on(self, leg: Leg) -> None:
        await leg.passed_on.wait()
        await uninterrupted(self._let_go())

    async def _let_go(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            await release()
