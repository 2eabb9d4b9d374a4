"""The far end of a leg as the contract suite sees it, whatever the driver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from engine.audio.clip import Clip
from engine.lines import Driver, Leg


class FarEnd(ABC):
    """One far party of one call."""

    @abstractmethod
    async def press(self, keys: str) -> None:
        """Press keys."""

    @abstractmethod
    async def say(self, clip: Clip) -> None:
        """Say a clip in real (loop) time."""

    @abstractmethod
    async def hang_up(self) -> None:
        """End the call from this side."""

    @abstractmethod
    def heard(self) -> bytes:
        """All samples heard so far, s16le 8 kHz, leading and trailing silence included or not."""

    @abstractmethod
    async def ended(self) -> None:
        """Wait until this side knows that the call is over."""


class Bench(ABC):
    """A driver with people around it."""

    driver: Driver
    lossy: bool
    """True when sound goes through G.711 on its way."""

    @abstractmethod
    async def call_in(self, did: str, cli: str) -> tuple[Leg, FarEnd]:
        """Somebody calls; returns the unanswered leg and the caller."""

    @abstractmethod
    def phone(self, behaviour: str) -> tuple[str, list[FarEnd]]:
        """A phone that will `answer`, `ignore`, be `busy` or `reject`; returns its address and, once it has been
        called, the far ends of its calls."""


BenchFactory = type[AbstractAsyncContextManager[Bench]]
