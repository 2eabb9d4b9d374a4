"""A leg by pyVoIP: its signalling, and its sound in a media worker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.pyvoip.events import Ended, Event, Sound
from engine.audio.clip import Clip
from engine.errors import EngineError, LegGone, Unsupported
from engine.lines import Cause, Hangup, Leg, LegInfo, PlayResult, RecordingHandle

if TYPE_CHECKING:
    from drivers.pyvoip.line import Line
    from drivers.pyvoip.media import Media
    from drivers.sip.media.pool import MediaPool
    from drivers.sip.media.port import MediaPort

T = TypeVar("T")


class PyVoipLeg(Leg):
    """Made by the driver, which calls `attach` before anyone else sees the leg."""

    def __init__(self, info: LegInfo, line: Line, pool: MediaPool, on_released: Callable[[PyVoipLeg], None]) -> None:
        super().__init__(info)
        line.leg = self
        self.established = asyncio.Event()
        """Set when the sound is connected, and when the leg has ended."""
        self.line = line
        self._pool = pool
        self._on_released = on_released
        self._port: MediaPort | None = None
        self._answering = False
        self._barge_in = False
        self._peer: PyVoipLeg | None = None
        self._release_task: asyncio.Task[None] | None = None

    async def attach(self) -> MediaPort:
        """Reserve the leg's RTP port. Raises NoChannel; LegGone if the call has ended meanwhile."""
        port = await self._pool.open(on_digit=self._on_key, on_lost=self._on_media_lost, on_silent=self._on_silence)
        if not self.alive:
            await port.close()
            raise self._gone()
        self._port = port
        return port

    def handle(self, event: Event) -> None:
        """Something has happened to the call, in the event loop."""
        match event:
            case Sound(media):
                self._connect(media)
            case Ended(hangup):
                self._finish(hangup)

    def give_up(self, cause: Cause, detail: str = "") -> None:
        """End the call from our side; what it holds is given back soon. detail: why, if nobody has asked for it."""
        if self.alive:
            self.line.hang_up(cause)
            self._finish(Hangup("local", cause, detail))

    # Leg

    async def ring(self) -> None:
        self._require()
        self.line.ring()

    async def answer(self) -> None:
        port = self._require()
        if not self._answering:
            self._answering = True
            self.line.answer(port.host, port.port)
        await self.established.wait()
        self._require()

    async def reject(self, cause: Cause) -> None:
        self._require()
        await self.hangup(cause)

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        self.give_up(cause)
        assert self._release_task is not None
        await asyncio.shield(self._release_task)

    async def play(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> PlayResult:
        port = self._require()
        if barge_in and self.digits.pending:
            return PlayResult(interrupted=True)
        self._barge_in = barge_in
        return await self._while_alive(port.play(clips, barge_in=barge_in, loop=loop))

    async def send_digits(self, keys: str) -> None:
        await self._while_alive(self._require().send_digits(keys))

    async def record(
        self,
        path: Path,
        *,
        max_duration: float | None = None,
        silence: float | None = None,
        both: bool = False,
    ) -> RecordingHandle:
        port = self._require()
        return await self._while_alive(port.record(path, max_duration=max_duration, silence=silence, both=both))

    async def bridge(self, other: Leg) -> None:
        if not isinstance(other, PyVoipLeg) or other is self or other._pool is not self._pool:
            raise Unsupported("only two different legs of the pyVoIP driver can be bridged")
        near, far = self._require(), other._require()
        await self.unbridge()
        await other.unbridge()
        self._peer, other._peer = other, self
        try:
            await self._while_alive(near.bridge(far))
        except BaseException:
            self._part()
            raise

    async def unbridge(self) -> None:
        if self._peer is not None:
            self._part()
            if self._port is not None:
                await self._port.unbridge()

    async def transfer(self, to: str, *, replacing: Leg | None = None) -> None:
        self._require()
        raise Unsupported("the pyVoIP driver does not transfer calls: bridge them, or use the SIP driver")

    # Inside

    def _require(self) -> MediaPort:
        if not self.alive or self._port is None:
            raise self._gone()
        return self._port

    def _gone(self) -> LegGone:
        return LegGone(f"leg {self.info.id} has ended")

    async def _while_alive(self, work: Coroutine[Any, Any, T]) -> T:
        """Do `work` unless the leg ends first; then LegGone."""
        task = asyncio.get_running_loop().create_task(work)
        first: list[asyncio.Future[Any]] = [task, self.ended]
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Also when we are cancelled: the work stops on the line before we return.
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        if not self.alive:
            if not task.cancelled():
                task.exception()
            raise self._gone()
        return task.result()

    def _connect(self, media: Media) -> None:
        if self._port is None or not self.alive:
            return
        with contextlib.suppress(LegGone):  # its worker has just died, the leg is about to end
            self._port.connect(
                media.host, media.port, codec="PCMU", dtmf=media.dtmf, send=media.send, hear=media.hear
            )
        self.established.set()

    def _on_key(self, key: str) -> None:
        self.digits.put(key)
        # The worker has stopped the prompt already, except for a key that was on its way here when `play` was called.
        if self._barge_in and self._port is not None and self.alive:
            self._port.stop_playing()

    def _on_media_lost(self) -> None:
        self.give_up(Cause.FAILED, "the media worker died")

    def _on_silence(self) -> None:
        self.give_up(Cause.FAILED, "the far end has sent no sound for too long (rtp.timeout)")

    def _part(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer._peer = None

    def _finish(self, hangup: Hangup) -> None:
        """The leg has ended; give back what it holds."""
        if self._set_ended(hangup):
            self.established.set()
            self._release_task = asyncio.get_running_loop().create_task(self._release())

    async def _release(self) -> None:
        try:
            with contextlib.suppress(EngineError):  # its worker may be gone
                await self.unbridge()
            if self._port is not None:
                await self._port.close()
        finally:
            self._on_released(self)
