"""`voicemail`: take a message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from engine.audio.files import read_clip
from engine.audio.recordings import facts_of
from engine.call.notices import message_notice
from engine.errors import CallError
from engine.nodes.base import Node
from engine.nodes.email import addresses
from engine.nodes.fields import Duration, Key, Prompt, Text, Tone
from engine.tasks import cancel, uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.lines import Recording, RecordingHandle


REVIEW_SECONDS = 5.0
"""How long a caller may think about their message before it is kept."""


class Voicemail(Node):
    """Plays a greeting and a beep, then records the caller into a WAV file of the mailbox.

    A caller who hangs up has left a message all the same, if it is long enough.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("recorded", "empty")
    answers: ClassVar[bool] = True
    takes_input: ClassVar[bool] = True

    type: Literal["voicemail"]
    mailbox: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="Name of the mailbox: a folder of the recordings."
    )
    greeting: Prompt | None = Field(default=None, description="Heard before the beep.")
    beep: bool = Field(default=True, description="Play a beep before recording.")
    max_duration: Duration = Field(default=120.0, description="Longest message.")
    min_duration: Duration = Field(default=1.0, description="A shorter message is thrown away: `empty`.")
    silence: Duration | None = Field(default=5.0, description="Silence that ends the message; null for none.")
    terminators: list[Key] = Field(default=["#"], description="Keys that end the message.")

    review: bool = Field(
        default=False, description="Offer to keep the message (1), listen to it (2) or record it again (3)."
    )
    email: Text | list[Text] | None = Field(
        default=None,
        min_length=1,
        description="Address, or list of addresses, to which the message is sent. A mail that cannot be sent is a "
        "warning in the record; the message is kept all the same.",
    )

    async def run(self, call: Call) -> str:
        if self.greeting:
            await call.play(self.greeting)
        while True:
            recording = await self._record(call)
            if recording is None:
                return "empty"
            if await self._approved(call, recording):
                await uninterrupted(self._send(call, recording))
                return "recorded"

    async def _record(self, call: Call) -> Recording | None:
        """One message, noted in the record; None when it was too short."""
        if self.beep:
            await call.play([Tone(tone="beep")])
        # Keys pressed during the greeting were for the greeting, not for the message.
        call.leg.digits.clear()
        path = await call.services.recordings.new(self.mailbox, call.record.id)
        handle = await call.leg.record(path, max_duration=self.max_duration, silence=self.silence)
        try:
            await self._until_over(call, handle)
        except asyncio.CancelledError:
            # The caller has hung up: the message so far is the message.
            await uninterrupted(self._left(call, handle))
            raise
        return await uninterrupted(self._keep(call, handle))

    async def _approved(self, call: Call, recording: Recording) -> bool:
        """True when the caller keeps the message, which silence does too; False when it is to be made again."""
        if not self.review:
            return True
        kept = len(call.record.recordings)
        try:
            return await self._reviewed(call, recording)
        except asyncio.CancelledError:
            # The caller has hung up without a word against it.
            if len(call.record.recordings) == kept:
                await uninterrupted(self._send(call, recording))
            raise

    async def _reviewed(self, call: Call, recording: Recording) -> bool:
        while True:
            await call.play_sound("review", barge_in=True)
            match await call.read_key(REVIEW_SECONDS):
                case "2":
                    await call.play_clips([await asyncio.to_thread(read_clip, recording.path)], barge_in=True)
                case "3":
                    call.record.recordings.pop()
                    await call.services.recordings.discard(recording.path)
                    return False
                case _:
                    return True

    async def _until_over(self, call: Call, handle: RecordingHandle) -> None:
        limits = asyncio.ensure_future(handle.finished())
        key = asyncio.ensure_future(self._terminator(call))
        waited: set[asyncio.Future[Any]] = {limits, key}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(limits, key)

    async def _terminator(self, call: Call) -> None:
        while await call.read_key(None) not in self.terminators:
            pass

    async def _left(self, call: Call, handle: RecordingHandle) -> None:
        try:
            recording = await self._keep(call, handle)
        except CallError as error:
            call.warn(f"the message was lost: {error}")
        else:
            if recording is not None:
                await self._send(call, recording)

    async def _send(self, call: Call, recording: Recording) -> None:
        """Mail the message to whom `email` names."""
        if self.email is None:
            return
        try:
            mail = message_notice(call, addresses(call, self.email), recording, self.mailbox)
            await call.services.mailer.send(mail)
        except CallError as error:
            call.warn(f"the message of mailbox {self.mailbox} was not mailed: {error}")

    async def _keep(self, call: Call, handle: RecordingHandle) -> Recording | None:
        """Close the recording; None when it was too short and is thrown away."""
        recording = await handle.stop()
        if recording.duration < self.min_duration:
            await call.services.recordings.discard(recording.path)
            return None
        call.record.add_recording("voicemail", recording.path, recording.duration, mailbox=self.mailbox)
        try:
            await call.services.recordings.describe(
                recording.path, facts_of(call.record.as_dict(), recording.duration)
            )
        except CallError as error:
            call.warn(str(error))
        return recording
