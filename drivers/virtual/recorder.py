"""Recording on a virtual line: what was said, put on a line of samples."""

from __future__ import annotations

import asyncio
import wave
from array import array
from pathlib import Path

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
        self._both = both
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._quiet_since = self._start
        self._said: list[tuple[float, Clip]] = []
        self._played: list[tuple[float, Clip]] = []
        self._over: asyncio.Future[tuple[EndedBy, float]] = self._loop.create_future()
        self._timers: list[asyncio.TimerHandle] = []
        self._silence_timer: asyncio.TimerHandle | None = None
        self._result: asyncio.Task[Recording] | None = None
        if max_duration is not None:
            self._timers.append(self._loop.call_later(max_duration, self._end, "max_duration"))
        self._watch_silence()
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
            self._watch_silence()

    def sent(self, at: float, clip: Clip) -> None:
        """The far end hears a clip from `at` on."""
        if self.running:
            self._played.append((at, clip))

    async def finished(self) -> Recording:
        await asyncio.shield(self._over)
        return await self._file()

    async def stop(self) -> Recording:
        self._end("stopped")
        return await self._file()

    def _watch_silence(self) -> None:
        if self._silence is None:
            return
        if self._silence_timer is not None:
            self._silence_timer.cancel()
        self._silence_timer = self._loop.call_at(self._quiet_since + self._silence, self._end, "silence")

    def _hung_up(self, _: asyncio.Future[Hangup]) -> None:
        self._end("hangup")

    def _end(self, why: EndedBy) -> None:
        if self._over.done():
            return
        # Silence that ended the message is not part of it.
        end = self._quiet_since if why == "silence" else self._loop.time()
        self._over.set_result((why, end))
        for timer in (*self._timers, *([self._silence_timer] if self._silence_timer else [])):
            timer.cancel()
        self._leg_ended.remove_done_callback(self._hung_up)

    async def _file(self) -> Recording:
        if self._result is None:
            self._result = asyncio.ensure_future(self._write())
        return await asyncio.shield(self._result)

    async def _write(self) -> Recording:
        why, end = self._over.result()
        length = round((end - self._start) * RATE)
        tracks = [
            self._track(self._said, length),
            *([self._track(self._played, length)] if self._both else []),
        ]
        try:
            await asyncio.to_thread(_write_wav, self._path, tracks)
        except OSError as error:
            raise CallError(f"recording {self._path} cannot be written: {error.strerror}") from error
        return Recording(self._path, length / RATE, why)

    def _track(self, sounds: list[tuple[float, Clip]], length: int) -> array[int]:
        line = array("h", bytes(2 * length))
        for at, clip in sounds:
            first = max(0, round((at - self._start) * RATE))
            samples = array("h", clip.samples)[: max(0, length - first)]
            line[first : first + len(samples)] = samples
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
