"""The recording of a whole call, beside the messages and conversations that nodes record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import CallError
from engine.lines import RecordingHandle

if TYPE_CHECKING:
    from engine.call.call import Call

BOX = "calls"
"""Box of recordings into which calls go."""


class CallRecording:
    """At most one runs at a time. It goes on from node to node, through sub-scenarios too, and ends with the call."""

    def __init__(self) -> None:
        self._handle: RecordingHandle | None = None
        self._paused = False

    async def start(self, call: Call) -> None:
        """Begin, or go on after a pause. Raises CallError when it cannot begin."""
        if self._handle is not None:
            if not self._paused:
                call.note("the call is being recorded already")
            await self.resume(call)
            return
        path = await call.services.recordings.new(BOX, call.record.id)
        self._handle = await call.leg.record(path, both=True)

    async def pause(self, call: Call) -> None:
        """Record nothing until `resume`. Raises CallError."""
        if self._handle is None:
            call.note("there is no recording of the call to pause")
            return
        await self._handle.pause()
        self._paused = True

    async def resume(self, call: Call) -> None:
        """Go on after a pause. Raises CallError."""
        if self._handle is None:
            call.note("there is no recording of the call to resume")
            return
        await self._handle.resume()
        self._paused = False

    async def stop(self, call: Call) -> None:
        """End it and note the file in the record. One that failed is a warning."""
        handle, self._handle, self._paused = self._handle, None, False
        if handle is None:
            call.note("there is no recording of the call to stop")
            return
        try:
            recording = await handle.stop()
        except CallError as error:
            call.warn(f"the recording of the call is lost: {error}")
        else:
            call.record.add_recording("call", recording.path, recording.duration)

    async def finish(self, call: Call) -> None:
        """The call is over."""
        if self._handle is not None:
            await self.stop(call)
