"""The person at the other end of a virtual line: hears, presses keys, speaks, hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.audio.clip import RATE, Clip
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.virtual.leg import VirtualLeg


@dataclass(slots=True)
class Heard:
    """One clip that a party began to hear. `at` and `until` are loop seconds; `until` is None while it plays."""

    clip: Clip
    at: float
    until: float | None = None
    complete: bool = False

    def samples(self) -> bytes:
        """What was heard of it: all of it, or up to the moment when it was cut."""
        if self.complete or self.until is None:
            return self.clip.samples
        return self.clip.samples[: 2 * round((self.until - self.at) * RATE)]


class Party:
    """The far end of one virtual leg."""

    def __init__(self, leg: VirtualLeg) -> None:
        self._leg = leg
        self.heard: list[Heard] = []
        self.keys_heard = ""
        self.on_heard: list[Callable[[Heard], None]] = []
        """Called as each clip begins and again as it ends."""
        self.on_listening: list[Callable[[], None]] = []
        """Called when the other side begins to record what this party says; a recording of both sides is none of
        these."""

        self.key_wanted = asyncio.Event()
        """Set while the other side waits for a key and none has been pressed yet."""
        self.on_wanting_key: list[Callable[[], None]] = []
        """Called when the other side begins to wait for a key."""

    @property
    def leg(self) -> VirtualLeg:
        """The engine's side of the line."""
        return self._leg

    @property
    def answered(self) -> bool:
        """True once the call was answered."""
        return self._leg.answered

    @property
    def listened_to(self) -> bool:
        """True while the other side records what this party says."""
        return self._leg.listening

    def press(self, keys: str) -> None:
        """Press keys, at once."""
        if self._leg.alive and self._leg.answered:
            self.key_wanted.clear()
            for key in keys:
                self._leg.digits.put(key)

    async def say(self, clip: Clip) -> None:
        """Say something; returns when it has been said. Whoever listens (recording, bridged party) gets it."""
        self._leg.spoken(clip)
        await asyncio.sleep(clip.duration)

    def hang_up(self, cause: Cause = Cause.NORMAL) -> None:
        """End the call from this side."""
        self._leg.end(Hangup("remote", cause))

    def begin_hearing(self, clip: Clip) -> Heard:
        """For the leg: a clip begins."""
        heard = Heard(clip, asyncio.get_running_loop().time())
        self.heard.append(heard)
        for callback in tuple(self.on_heard):
            callback(heard)
        return heard

    def end_hearing(self, heard: Heard, *, complete: bool) -> None:
        """For the leg: a clip ends, or is cut."""
        heard.until = asyncio.get_running_loop().time()
        heard.complete = complete
        for callback in tuple(self.on_heard):
            callback(heard)
