"""A recording in progress, for those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from drivers.sip.media.wire import Message
from engine.errors import CallError, LegGone
from engine.lines import Recording


class PortRecording:
    """Implements `engine.lines.RecordingHandle`. Both coroutines raise CallError when the recording has failed."""

    def __init__(self, path: Path, finish: Callable[[], None], pause: Callable[[bool], Awaitable[object]]) -> None:
        """finish: asks the worker to end the recording. pause: to leave out what comes (True), or to take it again;
        returns when it does."""
        self._path = path
        self._finish = finish
        self._pause = pause
        self._result: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()

    async def finished(self) -> Recording:
        """Wait until its own limits or the end of the call end it."""
        return await asyncio.shield(self._result)

    async def stop(self) -> Recording:
        """End it now. Idempotent, also after the end of the call."""
        if not self._result.done():
            self._finish()
        return await asyncio.shield(self._result)

    async def pause(self) -> None:
        """Record nothing until `resume`."""
        await self._switch(True)

    async def resume(self) -> None:
        """Go on."""
        await self._switch(False)

    async def _switch(self, on: bool) -> None:
        if not self._result.done():
            with suppress(LegGone):  # its last word is on its way
                await self._pause(on)

    def ended(self, event: Message) -> None:
        """For the port: the worker's last word."""
        if "error" in event:
            self.failed(CallError(event["error"]))
        elif not self._result.done():
            self._result.set_result(Recording(self._path, event["duration"], event["ended_by"]))

    def failed(self, error: CallError) -> None:
        """For the port: there will be no recording."""
        if not self._result.done():
            self._result.set_exception(error)
            self._result.exception()  # taken note of, also when nobody waits
