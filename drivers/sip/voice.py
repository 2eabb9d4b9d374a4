"""What a leg of the SIP driver says and hears: its RTP port, prompts, keys, recordings."""

from __future__ import annotations

import asyncio
import contextlib
import re
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.sip.media.events import FLASH
from engine.audio.clip import Clip
from engine.errors import LegGone, Unsupported
from engine.lines import Cause, Leg, LegInfo, PlayResult, RecordingHandle

if TYPE_CHECKING:
    from drivers.sip.line import Line
    from drivers.sip.media.pool import MediaPool
    from drivers.sip.media.port import MediaPort
    from drivers.sip.sdp import Media

T = TypeVar("T")


class Voice(Leg):
    """A leg without its signalling, but for `line`; the driver calls `attach` before anyone else sees it."""

    line: Line

    def __init__(self, info: LegInfo, pool: MediaPool) -> None:
        super().__init__(info)
        self.flash_by_info = False
        """Flash the hook by SIP INFO instead of a telephone event."""
        self._pool = pool
        self._port: MediaPort | None = None
        self._barge_in = False

    @abstractmethod
    def give_up(self, cause: Cause, detail: str = "") -> None:
        """End the call from our side; what it holds is given back soon. detail: why, if nobody has asked for it."""

    async def attach(self, near: Voice | None = None) -> MediaPort:
        """Reserve the leg's RTP port. Raises NoChannel; LegGone if the call has ended meanwhile."""
        port = await self._pool.open(
            near=near._port if near is not None else None,
            on_digit=self._on_key,
            on_lost=self._on_media_lost,
            on_silent=self._on_silence,
        )
        if not self.alive:
            await port.close()
            raise self._gone()
        self._port = port
        return port

    def hear(
        self, media: Media, *, send: bool = True, expect: bool = False, on_heard: Callable[[], None] | None = None
    ) -> None:
        """Hear what comes from there, and send to it. expect: a far end that goes silent ends the call. on_heard:
        called with the first packet."""
        if self._port is None or not self.alive:
            return
        with contextlib.suppress(LegGone):  # its worker has just died, the leg is about to end
            self._port.connect(
                media.host,
                media.port,
                codec=media.codec,
                payload=media.payload,
                dtmf=media.dtmf,
                send=send,
                hear=expect,
                on_heard=on_heard,
            )

    async def while_alive(self, work: Coroutine[Any, Any, T]) -> T:
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

    async def play(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> PlayResult:
        port = self._require()
        if barge_in and self.digits.pending:
            return PlayResult(interrupted=True)
        self._barge_in = barge_in
        return await self.while_alive(port.play(clips, barge_in=barge_in, loop=loop))

    async def send_digits(self, keys: str) -> None:
        port = self._require()
        if not self.flash_by_info:
            await self.while_alive(port.send_digits(keys))
            return
        for part in re.split(f"({FLASH})", keys):
            await self.while_alive(self._flash() if part == FLASH else port.send_digits(part))

    async def record(
        self,
        path: Path,
        *,
        max_duration: float | None = None,
        silence: float | None = None,
        both: bool = False,
    ) -> RecordingHandle:
        port = self._require()
        return await self.while_alive(port.record(path, max_duration=max_duration, silence=silence, both=both))

    # Inside

    def _require(self) -> MediaPort:
        if not self.alive or self._port is None:
            raise self._gone()
        return self._port

    def _gone(self) -> LegGone:
        return LegGone(f"leg {self.info.id} has ended")

    async def _flash(self) -> None:
        status, reason = await self.line.flash()
        if status >= 300:
            raise Unsupported(f"the far end takes no hook-flash ({status} {reason})")

    def _on_key(self, key: str) -> None:
        """A key came, by RTP or by SIP INFO.

        The media worker has stopped the prompt already for a key by RTP, except one that was on its way here
        when `play` was called.
        """
        self.digits.put(key)
        if self._barge_in and self._port is not None and self.alive:
            self._port.stop_playing()

    def _on_media_lost(self) -> None:
        self.give_up(Cause.FAILED, "the media worker died")

    def _on_silence(self) -> None:
        self.give_up(Cause.FAILED, "the far end has sent no sound for too long (rtp.timeout)")
