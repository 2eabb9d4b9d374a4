"""The recordings of one stream: a message and the whole call may be recorded at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.sip.media.recorder import Recorder
from drivers.sip.media.rtp import Packet
from drivers.sip.media.wire import Message
from engine.audio.g711 import Law
from engine.lines.ports import EndedBy


class Recorders:
    """What becomes of each is reported to the control side as the event `recorded`."""

    def __init__(self, port: int, report: Callable[[Message], None]) -> None:
        self._port = port
        self._report = report
        self.running: tuple[Recorder, ...] = ()
        """Looked at for every packet, which is why it is no method."""

    def add(self, recorder: Recorder) -> None:
        """A recording begins."""
        self.running += (recorder,)

    def find(self, number: int) -> Recorder | None:
        """The recording of that number, while it runs."""
        return next((recorder for recorder in self.running if recorder.number == number), None)

    def heard(self, packet: Packet, law: Law, now: float) -> None:
        """Audio has arrived."""
        for recorder in self.running:
            recorder.heard(packet, law, now)

    def sent(self, timestamp: int, payload: bytes, law: Law, now: float) -> None:
        """Audio has been sent."""
        for recorder in self.running:
            recorder.sent(timestamp, payload, law, now)

    def tick(self, now: float) -> None:
        """Let each write and end."""
        for recorder in self.running:
            try:
                ended_by = recorder.tick(now)
            except OSError as error:
                self._drop(recorder)
                recorder.abandon()
                self._say(recorder, error=f"recording failed: {error}")
                continue
            if ended_by is not None:
                self.finish(recorder, ended_by)

    def finish(self, recorder: Recorder, ended_by: EndedBy) -> None:
        """Complete a recording and report it."""
        self._drop(recorder)
        try:
            duration = recorder.finish(ended_by)
        except OSError as error:
            self._say(recorder, error=f"recording failed: {error}")
        else:
            self._say(recorder, duration=duration, ended_by=ended_by)

    def finish_all(self, ended_by: EndedBy) -> None:
        """Complete them all."""
        for recorder in self.running:
            self.finish(recorder, ended_by)

    def _drop(self, recorder: Recorder) -> None:
        self.running = tuple(other for other in self.running if other is not recorder)

    def _say(self, recorder: Recorder, **how: Any) -> None:
        self._report({"ev": "recorded", "port": self._port, "recording": recorder.number, **how})
