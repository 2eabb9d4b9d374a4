"""Recording on a virtual line: what was said, put on a line of samples."""

from __future__ import annotations

import asyncio
import wave
from array import array
from pathlib import Path

from drivers.virtual.party import Heard
from engine.audio.clip import RATE, Clip
from engine.errors import CallError
from engine.lines import EndedBy, Hangup, Recording


class VirtualRecorder:
    """A `RecordingHandle`. Silence is measured from the end of the last thing said, or from the start."""

    def __init__(
        self,
        path: Path,
        leg_ended: asyncio.Future[Hangup],
        *,
        max_duration: float | None,
        silence: float | None,
        both: bool,
    ) -> None:
        self._path = path
        self._leg_ended = leg_ended
        self._silence = silence
        self.both = both
        """Records what is played to the far end too."""
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._quiet_since = self._start
        self._said: list[tuple[float, Clip]] = []
        self._played: list[Heard] = []
        self._pauses: list[tuple[float, float]] = []
        """Loop seconds between which nothing is recorded."""
        self._paused_at: float | None = None
        self._max_duration = max_duration
        self._over: asyncio.Future[tuple[EndedBy, float]] = self._loop.create_future()
        self._limit_timer: asyncio.TimerHandle | None = None
        self._silence_timer: asyncio.TimerHandle | None = None
        self._result: asyncio.Task[Recording] | None = None
        self._watch_limits()
        leg_ended.add_done_callback(self._hung_up)

    @property
    def running(self) -> bool:
        """True until something ends it."""
        return not self._over.done()

    def heard(self, at: float, clip: Clip) -> None:
        """The far end says a clip from `at` on (loop seconds)."""
        if self.running:
            self._said.append((at, clip))
            self._quiet_since = max(self._quiet_since, at + clip.duration)
            self._watch_limits()

    def sent(self, heard: Heard) -> None:
        """The far end begins to hear a clip; what is cut off of it later is not recorded either."""
        if self.running:
            self._played.append(heard)

    async def finished(self) -> Recording:
        await asyncio.shield(self._over)
        return await self._file()

    async def pause(self) -> None:
        if self.running and self._paused_at is None:
            self._paused_at = self._loop.time()
            self._cancel_timers()

    async def resume(self) -> None:
        if self.running and self._paused_at is not None:
            now = self._loop.time()
            self._pauses.append((self._paused_at, now))
            # The silence before the pause and the silence after it are one.
            self._quiet_since += max(0.0, now - max(self._paused_at, self._quiet_since))
            self._paused_at = None
            self._watch_limits()

    async def stop(self) -> Recording:
        self._end("hangup" if self._leg_ended.done() else "stopped")
        return await self._file()

    def _watch_limits(self) -> None:
        """Set the timers of the limits anew; none runs during a pause."""
        self._cancel_timers()
        if self._paused_at is not None:
            return
        if self._max_duration is not None:
            paused = sum(until - since for since, until in self._pauses)
            at = self._start + self._max_duration + paused
            self._limit_timer = self._loop.call_at(at, self._end, "max_duration")
        if self._silence is not None:
            self._silence_timer = self._loop.call_at(self._quiet_since + self._silence, self._end, "silence")

    def _cancel_timers(self) -> None:
        for timer in (self._limit_timer, self._silence_timer):
            if timer is not None:
                timer.cancel()

    def _hung_up(self, _: asyncio.Future[Hangup]) -> None:
        self._end("hangup")

    def _end(self, why: EndedBy) -> None:
        if self._over.done():
            return
        # Silence that ended the message is not part of it.
        end = self._quiet_since if why == "silence" else self._loop.time()
        if self._paused_at is not None:
            self._pauses.append((self._paused_at, end))
        self._over.set_result((why, end))
        self._cancel_timers()
        self._leg_ended.remove_done_callback(self._hung_up)

    async def _file(self) -> Recording:
        if self._result is None:
            self._result = asyncio.ensure_future(self._write())
        return await asyncio.shield(self._result)

    async def _write(self) -> Recording:
        why, end = self._over.result()
        length = round((end - self._start) * RATE)
        said = [(at, clip.samples) for at, clip in self._said]
        played = [(heard.at, heard.samples()) for heard in self._played]
        tracks = [self._track(sounds, length) for sounds in ((said, played) if self.both else (said,))]
        try:
            await asyncio.to_thread(_write_wav, self._path, tracks)
        except OSError as error:
            raise CallError(f"recording {self._path} cannot be written: {error.strerror}") from error
        return Recording(self._path, len(tracks[0]) / RATE, why)

    def _track(self, sounds: list[tuple[float, bytes]], length: int) -> array[int]:
        line = array("h", bytes(2 * length))
        for at, sound in sounds:
            first = max(0, round((at - self._start) * RATE))
            samples = array("h", sound)[: max(0, length - first)]
            line[first : first + len(samples)] = samples
        for since, until in reversed(self._pauses):
            del line[round((since - self._start) * RATE) : round((until - self._start) * RATE)]
        return line


def _write_wav(path: Path, tracks: list[array[int]]) -> None:
    frames = array("h", bytes(2 * len(tracks) * len(tracks[0])))
    for channel, track in enumerate(tracks):
        frames[channel :: len(tracks)] = track
    part = path.with_name(path.name + ".part")
    # Opened first: `wave` itself leaves a broken object behind when it cannot.
    with part.open("wb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(len(tracks))
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(frames.tobytes())
    part.rename(path)
