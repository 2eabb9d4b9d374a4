"""The engine's side of a virtual line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from drivers.virtual.party import Party
from drivers.virtual.recorder import VirtualRecorder
from engine.audio.clip import Clip
from engine.errors import LegGone, Unsupported
from engine.lines import Cause, DigitBuffer, Hangup, Leg, LegInfo, PlayResult, RecordingHandle

DIGIT_SECONDS = 0.2
"""100 ms of tone and 100 ms of pause."""


class WatchedDigits(DigitBuffer):
    """Keys whose reader the party can see: it knows when a key is wanted."""

    def __init__(self, party: Party) -> None:
        super().__init__()
        self._party = party

    async def get(self) -> str:
        if self.pending:
            return await super().get()
        self._party.key_wanted.set()
        for callback in tuple(self._party.on_wanting_key):
            callback()
        try:
            return await super().get()
        finally:
            self._party.key_wanted.clear()


class VirtualLeg(Leg):
    """A leg whose far end is a `Party` in this process."""

    def __init__(
        self, info: LegInfo, on_end: Callable[[VirtualLeg], None], call: Callable[[str], Awaitable[VirtualLeg]]
    ) -> None:
        """call: rings another virtual phone; gives its leg once it is answered."""
        super().__init__(info)
        self.answered = False
        self.ringing = False
        self.party = Party(self)
        self.digits = WatchedDigits(self.party)
        self.rejected: Cause | None = None
        self._on_end = on_end
        self._call = call
        self._playing: asyncio.Task[PlayResult] | None = None
        self._peer: VirtualLeg | None = None
        self._recorders: list[VirtualRecorder] = []
        self._progress = asyncio.Event()

    # The port ----------------------------------------------------------------------------------------------

    async def ring(self) -> None:
        self._require_alive()
        self.ringing = True

    async def answer(self) -> None:
        self._require_alive()
        self.accept()

    async def reject(self, cause: Cause) -> None:
        if not self.answered:
            self.rejected = cause
        self.end(Hangup("local", cause))

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        self.end(Hangup("local", cause))

    async def play(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> PlayResult:
        self._require_alive()
        await self._stop_playing()
        task = asyncio.ensure_future(self._play(clips, barge_in=barge_in, loop=loop))
        self._playing = task
        try:
            waited: set[asyncio.Future[Any]] = {task, self.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise LegGone(f"{self.info.id}: the far end hung up")
            return PlayResult(interrupted=False) if task.cancelled() else task.result()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if self._playing is task:
                self._playing = None

    async def send_digits(self, keys: str) -> None:
        self._require_alive()
        for key in keys:
            self.party.keys_heard += key
            await asyncio.sleep(DIGIT_SECONDS)
            self._require_alive()

    async def record(
        self,
        path: Path,
        *,
        max_duration: float | None = None,
        silence: float | None = None,
        both: bool = False,
    ) -> RecordingHandle:
        self._require_alive()
        recorder = VirtualRecorder(path, self.ended, max_duration=max_duration, silence=silence, both=both)
        self._recorders = [r for r in self._recorders if r.running] + [recorder]
        # A recording of the whole call is nobody who waits for what the far end says.
        for callback in tuple(self.party.on_listening) if not both else ():
            callback()
        return recorder

    async def bridge(self, other: Leg) -> None:
        self._require_alive()
        if not isinstance(other, VirtualLeg):
            raise Unsupported(f"a virtual leg cannot be bridged with {other.info.driver}")
        other._require_alive()
        self._peer, other._peer = other, self

    async def unbridge(self) -> None:
        if self._peer is not None:
            self._peer._peer = None
            self._peer = None

    async def transfer(self, to: str, *, replacing: Leg | None = None) -> None:
        self._require_alive()
        if isinstance(replacing, VirtualLeg):
            replacing.end(Hangup("remote", Cause.NORMAL))
            self.end(Hangup("local", Cause.NORMAL))
            return
        target = await self._call(to)
        # Who talks to whom from now on is out of our sight.
        target.end(Hangup("local", Cause.NORMAL))
        self._require_alive()
        self.end(Hangup("local", Cause.NORMAL))

    # The far end's acts ------------------------------------------------------------------------------------

    def accept(self) -> None:
        """The call is answered, from whichever side it rings."""
        self.answered = True
        self._progress.set()

    def spoken(self, clip: Clip) -> None:
        """The party says a clip, from now on."""
        if not self.alive:
            return
        now = asyncio.get_running_loop().time()
        for recorder in self._recorders:
            recorder.heard(now, clip)
        if self._peer is not None:
            self._peer._carry(clip)

    def end(self, hangup: Hangup) -> None:
        """The leg ends, from either side; only the first time counts."""
        if not self._set_ended(hangup):
            return
        if self._peer is not None:
            self._peer._peer = None
            self._peer = None
        self._progress.set()
        self._on_end(self)

    @property
    def listening(self) -> bool:
        """True while what the far end says is recorded for its own sake."""
        return any(recorder.running and not recorder.both for recorder in self._recorders)

    async def settled(self) -> None:
        """For the driver: wait until the leg is answered or has ended."""
        await self._progress.wait()

    # Inside ------------------------------------------------------------------------------------------------

    def _carry(self, clip: Clip) -> None:
        """The bridged party said something: ours hears it, our recorders too."""
        heard = self.party.begin_hearing(clip)
        for recorder in self._recorders:
            recorder.sent(heard)
        asyncio.get_running_loop().call_later(clip.duration, lambda: self.party.end_hearing(heard, complete=True))

    async def _play(self, clips: Sequence[Clip], *, barge_in: bool, loop: bool) -> PlayResult:
        if barge_in and self.digits.pending:
            return PlayResult(interrupted=True)
        sounds = asyncio.ensure_future(self._sound(clips, loop=loop))
        waiting = {sounds}
        key = asyncio.ensure_future(self.digits.wait()) if barge_in else None
        try:
            await asyncio.wait(waiting | ({key} if key else set()), return_when=asyncio.FIRST_COMPLETED)
            return PlayResult(interrupted=not sounds.done())
        finally:
            for task in (sounds, key):
                if task is not None:
                    task.cancel()
            await asyncio.gather(*waiting, *([key] if key else []), return_exceptions=True)

    async def _sound(self, clips: Sequence[Clip], *, loop: bool) -> None:
        loop = loop and any(clip.samples for clip in clips)
        while True:
            for clip in clips:
                heard = self.party.begin_hearing(clip)
                complete = False
                for recorder in self._recorders:
                    recorder.sent(heard)
                try:
                    await asyncio.sleep(clip.duration)
                    complete = True
                finally:
                    self.party.end_hearing(heard, complete=complete)
            if not loop:
                return

    async def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            with suppress(asyncio.CancelledError):
                await self._playing

    def _require_alive(self) -> None:
        if not self.alive:
            raise LegGone(f"{self.info.id}: the leg has ended")
