"""A leg of the SIP driver: signalling and media of one call, put together in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from drivers.sip.bridge import Bridge
from drivers.sip.departure import Departure
from drivers.sip.early import Early
from drivers.sip.events import (
    EarlyMedia,
    Ended,
    Established,
    Event,
    LocalMedia,
    MediaChanged,
    Pressed,
    Refers,
    Ringing,
    Transferred,
)
from drivers.sip.following import Connect, Following
from drivers.sip.splice import splice
from drivers.sip.voice import Voice
from engine.errors import EngineError, LegGone, Unsupported
from engine.lines import Cause, Hangup, Leg, LegInfo

if TYPE_CHECKING:
    from drivers.sip.line import Line
    from drivers.sip.media.pool import MediaPool
    from drivers.sip.sdp import Media

T = TypeVar("T")


class SipLeg(Voice):
    """Made by the driver, which calls `attach` before anyone else sees the leg."""

    def __init__(self, info: LegInfo, line: Line, pool: MediaPool, on_released: Callable[[SipLeg], None]) -> None:
        super().__init__(info, pool)
        line.leg = self
        self.on_ringing: Callable[[], None] | None = None
        """Called when the far end of an outgoing leg alerts."""
        self.established = asyncio.Event()
        """Set when the call is answered and the media is known, and when the leg has ended."""
        self.spliced = False
        """True once the far end is another leg of ours."""
        self.early: Early | None = None
        """Lets somebody hear what comes before the answer."""
        self.unserved: int | None = None
        """See `Ended`."""
        self.line = line
        self._on_released = on_released
        self._release_task: asyncio.Task[None] | None = None
        self._media: Media | None = None
        """The far end's, as agreed last."""
        self._answering = False
        self._bridge: Bridge | None = None
        self._partner: SipLeg | None = None
        """Whom it was bridged with last."""
        self._departure = Departure(self)
        self.connect: Connect | None = None
        """Makes the call that the far end asks for by REFER; without, none is made."""
        self._following: Following | None = None
        self._successor: SipLeg | None = None
        """The leg whose line and port this one uses since its far end was replaced."""

    def handle(self, event: Event) -> None:
        """An event of the dialog, in the event loop."""
        match event:
            case Ringing():
                if self.on_ringing is not None:
                    self.on_ringing()
            case EarlyMedia(media):
                if self.early is not None:
                    self.early.described(media)
            case Established(media) | MediaChanged(media):
                self._media = media
                self.established.set()
                if self.early is None:
                    self._connect(media)
            case Pressed(key):
                self._on_key(key)
                if self._bridge is not None and self._port is not None:
                    self._bridge.press(self._port, key)
            case Transferred():
                self._departure.told(event)
            case Refers():
                self._on_refers(event)
            case Ended(hangup) if self._following is not None and self._following.under_way:
                self._following.leave(hangup)
            case Ended(hangup, unserved):
                self.unserved = unserved
                self.finish(hangup)

    def expect_nothing(self) -> None:
        """The far end may be silent from now on, however long."""
        if self._media is not None:
            self.hear(self._media, send=False)

    def finish(self, hangup: Hangup) -> None:
        """The leg has ended; give back what it holds."""
        if not self._set_ended(hangup):
            return
        self.established.set()
        if self._following is not None:
            self._following.stop()
        self._release_task = asyncio.get_running_loop().create_task(self._release())

    def give_up(self, cause: Cause, detail: str = "") -> None:
        """End the call from our side; what it holds is given back soon. detail: why, if nobody has asked for it."""
        if self.alive:
            self.line.hang_up(cause)
            self.finish(Hangup("local", cause, detail))
            if self._successor is not None:
                self._successor.give_up(cause, detail)

    async def become(self, other: SipLeg, caller: SipLeg) -> None:
        """Go on as `other`, which is answered, and bridged with `caller`; the old far end is told and hung up on.
        Raises EngineError when one of the three has ended."""
        if not self.alive:
            await other.hangup()
            raise self._gone()
        old_line, old_port = self.line, self._require()
        old_line.leg = None
        old_line.report(200, "OK")
        old_line.hang_up(Cause.NORMAL)
        self.passed_on.set()
        self.line, self._port, self._successor = other.line, other._require(), other
        other.digits = self.digits
        other.ended.add_done_callback(lambda ended: self.finish(ended.result()))
        try:
            await caller.bridge(self)
            other._bridge = self._bridge
        finally:
            await old_port.close()

    async def answered(self) -> None:
        """Wait until an outgoing leg is answered, or has ended."""
        await self.established.wait()
        early, self.early = self.early, None
        if early is not None:
            await early.end()
        if self._media is not None:
            self._connect(self._media)

    async def join(self, other: SipLeg) -> None:
        """Connect the sound of the two, whatever each sends and takes."""
        near, far = self._require(), other._require()
        await self.unbridge()
        await other.unbridge()
        bridge = self._bridge = other._bridge = Bridge(self._pool, near, far)
        try:
            await self.while_alive(bridge.connect())
        except BaseException:
            await bridge.separate()
            raise

    def wire(self, other: SipLeg) -> bool:
        """Make each the far end of the other; False when one of them is not up."""
        if self._port is None or other._port is None or not (self._media and other._media):
            return False
        if not (self.alive and other.alive) or self.spliced or other.spliced:
            return False
        try:
            self._pool.wire(self._port, other._port)
        except LegGone:  # its worker has just died
            return False
        self.spliced = other.spliced = True
        return True

    def bridged_with(self, other: SipLeg | None) -> bool:
        """True while the two hear each other."""
        return other is not None and self._bridge is not None and self._bridge is other._bridge

    # Leg

    async def ring(self) -> None:
        self._require()
        self.line.ring()

    async def answer(self) -> None:
        port = self._require()
        if not self._answering:
            self._answering = True
            self.line.answer(LocalMedia(port.host, port.port))
        await self.established.wait()
        self._require()

    async def reject(self, cause: Cause) -> None:
        self._require()
        await self.hangup(cause)

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        self.give_up(cause)
        assert self._release_task is not None
        await asyncio.shield(self._release_task)

    async def bridge(self, other: Leg) -> None:
        if not isinstance(other, SipLeg) or other is self or other._pool is not self._pool:
            raise Unsupported("only two different legs of one SIP driver can be bridged")
        await self.join(other)
        self._partner, other._partner = other, self

    async def unbridge(self) -> None:
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            await bridge.separate()

    async def transfer(self, to: str, *, replacing: Leg | None = None) -> None:
        """See `Leg`. Raises Unsupported when the far end does not know REFER. An incoming leg is answered first."""
        self._require()
        if self.spliced:
            raise Unsupported(f"leg {self.info.id} has a call of ours as its far end, which cannot transfer it")
        if self.info.direction == "in":
            await self.answer()
        await self._departure.ask(to, replacing.line if isinstance(replacing, SipLeg) else None)

    # Inside

    def _connect(self, media: Media) -> None:
        self.hear(media, send=not media.held, expect=media.direction == "sendrecv" and not media.held)

    def _on_refers(self, event: Refers) -> None:
        done = splice(self, event.replacing.leg) if event.replacing is not None else self._follow(event.to)
        if not done:
            self.line.report(603, "Decline")

    def _follow(self, to: str) -> bool:
        if self._partner is None or self.connect is None or not self.bridged_with(self._partner):
            return False
        self._following = Following(self, self._partner, to, self.connect)
        return True

    async def _release(self) -> None:
        try:
            with contextlib.suppress(EngineError):  # its worker may be gone, and the bridge with it
                await self.unbridge()
            if self._port is not None:
                await self._port.close()
        finally:
            self._on_released(self)
