"""`record`: record the call from here on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import CallError, LegGone
from engine.nodes.base import Node
from engine.nodes.fields import Prompt
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call


class Record(Node):
    """Records the call into a file, both sides, across nodes and while the caller talks with an agent, until `stop`
    or the end of the call. What is said between `pause` and `resume` is not in the file.

    To start what runs already, or to pause, resume or stop what does not, is no failure. A recording that cannot
    begin takes the `error` branch if there is one; otherwise the call goes on without it, and the record has a
    warning.
    """

    answers: ClassVar[bool] = True

    type: Literal["record"]
    action: Literal["start", "pause", "resume", "stop"] = Field(description="What to do with the recording.")
    announce: Prompt | None = Field(
        default=None, description="Heard before: says that the call is recorded, which the law may ask for."
    )

    async def run(self, call: Call) -> str:
        if self.announce:
            await call.play(self.announce)
        recording = call.recording
        act = {
            "start": recording.start,
            "pause": recording.pause,
            "resume": recording.resume,
            "stop": recording.stop,
        }[self.action]
        try:
            # Not cut short by a hang-up: a recording that has begun must be known to be.
            await uninterrupted(act(call))
        except LegGone:
            raise
        except CallError as error:
            if "error" in (self.on or {}):
                raise
            call.warn(f"the recording could not {self.action}: {error}")
        return "next"
