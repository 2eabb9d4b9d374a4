"""One RTP port of a call, seen from the control process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.sip.media.events import SENT
from drivers.sip.media.recording import PortRecording
from drivers.sip.media.rtp import PAYLOAD_TYPES
from engine.audio.clip import Clip
from engine.audio.g711 import Law
from engine.errors import CallError, LegGone, Unsupported
from engine.lines import PlayResult, RecordingHandle

if TYPE_CHECKING:
    from drivers.sip.media.link import WorkerLink
    from drivers.sip.media.spool import Spool
    from drivers.sip.media.wire import Message

_numbers = itertools.count(1)


class MediaPort:
    """Made by `MediaPool.open`. After `close`, or once its worker has died, operations raise LegGone."""

    def __init__(
        self,
        link: WorkerLink,
        spool: Spool,
        host: str,
        port: int,
        *,
        on_digit: Callable[[str], None],
        on_lost: Callable[[], None],
        on_silent: Callable[[], None],
        on_closed: Callable[[MediaPort], None],
    ) -> None:
        """host: as others reach it. on_closed: called once, when the local address is free again."""
        self.host = host
        self.port = port
        self.number = next(_numbers)
        """Its name to the worker."""
        self.digits_received = 0
        """Key presses in RTP reported by the worker so far."""
        self._link = link
        self._spool = spool
        self._on_digit = on_digit
        self._on_lost = on_lost
        self._on_silent = on_silent
        self._on_closed = on_closed
        self._on_heard: Callable[[], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._names = itertools.count(1)
        self._playing: tuple[int, asyncio.Future[PlayResult]] | None = None
        self._recordings: dict[int, PortRecording] = {}
        self._peer: MediaPort | None = None
        self._closing: asyncio.Task[None] | None = None

    def connect(
        self,
        host: str,
        port: int,
        *,
        codec: Law,
        dtmf: int | None,
        payload: int | None = None,
        send: bool = True,
        hear: bool = True,
        on_heard: Callable[[], None] | None = None,
    ) -> None:
        """Hear that address and send 20 ms frames to it from now on, silence while nothing plays.

        host: an IPv4 address; 0.0.0.0 or port 0: nothing is sent, as without `send`, while prompts go by in their
        time and everything that comes is taken as ever. dtmf: RFC 4733 payload type of both directions, None for
        none. payload: that of `codec`, None for the static one. hear: packets are expected, and their absence is
        told. on_heard: called when the next packet comes, unless `connect` is called before. Call again for another
        address or codec. Raises ValueError for another kind of host, LegGone.
        """
        self._require()
        IPv4Address(host)
        self._on_heard = on_heard
        how = {"send": send, "hear": hear, "tell": on_heard is not None}
        payload = PAYLOAD_TYPES[codec] if payload is None else payload
        self._post("connect", host=host, number=port, codec=codec, payload=payload, dtmf=dtmf, **how)

    async def play(self, clips: Sequence[Clip], *, barge_in: bool = False, loop: bool = False) -> PlayResult:
        """As `Leg.play`: returns when the last frame has been sent.

        A later `play`, and a bridge, replace it: it returns as if it had come to its end. Raises Unsupported on
        a bridged port, CallError when a clip cannot be handed to the worker.
        """
        self._require()
        if self._peer is not None:
            raise Unsupported("a bridged port cannot play")
        self._end_play(interrupted=False)
        number = next(self._names)
        result: asyncio.Future[PlayResult] = self._loop.create_future()
        self._playing = (number, result)
        try:
            # Keys that arrive while a clip is being written count as pressed during it.
            digits = self.digits_received
            keys = await self._store(clips)
            if not result.done():
                self._post("play", play=number, keys=keys, barge_in=barge_in, loop=loop, digits=digits)
            return await result
        except LegGone:
            raise
        except CallError:
            self._spool.forget(clips)  # a file may be gone; the next play brings it back
            raise
        finally:
            if self._playing == (number, result):
                # Cancelled, or the clip was not to be had; what has come to its end needs no stop.
                self._post("stop", play=number)
                self._playing = None

    def stop_playing(self) -> None:
        """Be silent; `play` returns interrupted. Nothing happens when nothing plays."""
        self._end_play(interrupted=True)

    async def send_digits(self, keys: str) -> None:
        """Press keys as RFC 4733 events, 100 ms each, 100 ms apart; return when the last has been sent.

        Where no events were negotiated they are tones in the sound, and nothing else is heard meanwhile. Keys of
        several calls follow one another. Raises ValueError for what is not a key, CallError for a hook-flash without
        events.
        """
        self._require()
        if unknown := set(keys) - set(SENT):
            raise ValueError(f"{''.join(sorted(unknown))!r}: not telephone keys")
        if not keys:
            return
        series = next(self._names)
        try:
            await self._request("digits", bounded=False, keys=keys, series=series)
        except asyncio.CancelledError:
            self._post("release", series=series)
            raise
        except CallError:
            self._require()
            raise

    def press(self, key: str) -> None:
        """Press one key after those that are being sent, without waiting for it. Nothing happens after `close`."""
        self._post("digits", keys=key, series=next(self._names))

    async def record(
        self,
        path: Path,
        *,
        max_duration: float | None = None,
        silence: float | None = None,
        both: bool = False,
    ) -> RecordingHandle:
        """As `Leg.record`. Raises CallError when the file cannot be made."""
        self._require()
        number = next(self._names)
        recording = PortRecording(
            path,
            finish=lambda: self._post("finish", recording=number),
            pause=lambda on: self._request("pause", recording=number, on=on),
        )
        self._recordings[number] = recording
        try:
            target = str(path if path.is_absolute() else Path.cwd() / path)
            await self._request("record", recording=number, path=target, max=max_duration, silence=silence, both=both)
        except BaseException:
            self._post("finish", recording=number)
            self._recordings.pop(number, None)
            raise
        return recording

    async def bridge(self, other: MediaPort) -> None:
        """Relay between two ports, both ways, until `unbridge` or until one closes. Ends what they play.

        Telephone events are reported as ever and relayed to a side that has negotiated them. Raises Unsupported for
        ports of different workers.
        """
        self._require()
        other._require()
        if other is self or other._link is not self._link:
            raise Unsupported("the two ports are not in one media worker")
        for port in (self, other):
            port._part()
            port._end_play(interrupted=False)
        self._peer, other._peer = other, self
        try:
            await self._request("bridge", other=other.number)
        except BaseException:
            self._post("unbridge")
            self._part()
            raise

    async def unbridge(self) -> None:
        """Both sides hear silence again. Idempotent, also after `close`."""
        if self._open and self._peer is not None:
            self._part()
            await self._request("unbridge")

    async def close(self) -> None:
        """Give the socket back, after a recording has been completed. Idempotent."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    # For the pool

    def handle(self, event: Message) -> None:
        """An event of the worker about this port."""
        match event["ev"]:
            case "digit":
                self.digits_received += 1
                # Not called from here, so that an error in it does not end the reading of events.
                self._loop.call_soon(self._digit, event["key"])
            case "heard" if self._on_heard is not None and self._open:
                on_heard, self._on_heard = self._on_heard, None
                self._loop.call_soon(on_heard)
            case "silent":
                self._loop.call_soon(self._on_silent)
            case "played" if self._playing is not None and self._playing[0] == event["play"]:
                if "error" in event:
                    self._settle_play(CallError(event["error"]))
                else:
                    self._settle_play(PlayResult(interrupted=event["interrupted"]))
            case "recorded" if recording := self._recordings.pop(event["recording"], None):
                recording.ended(event)

    def refused(self) -> None:
        """The worker could not bind it."""
        self._end("the port was not opened")

    def lost(self) -> None:
        """The worker, or the port in it, is gone."""
        if self._open:
            self._end("the media worker has ended")
            self._loop.call_soon(self._on_lost)

    # Inside

    async def _close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._settle_play(LegGone("the port is closed"))
        try:
            await self._link.request({"op": "close", "port": self.number})
        except CallError:
            pass  # The worker is gone, and the socket with it.
        finally:
            self._end("the port is closed")

    def _end(self, reason: str) -> None:
        """Nothing more will come from the worker."""
        self._open = False
        self._part()
        self._settle_play(LegGone(reason))
        for recording in self._recordings.values():
            recording.failed(CallError(f"recording failed: {reason}"))
        self._recordings.clear()
        on_closed, self._on_closed = self._on_closed, _ignore
        on_closed(self)

    def _digit(self, key: str) -> None:
        if self._open:
            self._on_digit(key)

    def _part(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer._peer = None

    def _end_play(self, *, interrupted: bool) -> None:
        if self._playing is not None:
            self._post("stop", play=self._playing[0])
            self._settle_play(PlayResult(interrupted=interrupted))

    def _settle_play(self, outcome: PlayResult | CallError) -> None:
        if self._playing is None:
            return
        (_, result), self._playing = self._playing, None
        if result.done():
            return
        if isinstance(outcome, PlayResult):
            result.set_result(outcome)
        else:
            result.set_exception(outcome)
            result.exception()  # taken note of, also if the player was cancelled meanwhile

    async def _store(self, clips: Sequence[Clip]) -> list[str]:
        try:
            return await self._spool.store(clips)
        except OSError as error:
            raise CallError(f"the prompt cannot be handed to the media worker: {error}") from error

    def _require(self) -> None:
        if not self._open:
            raise LegGone(f"RTP port {self.port} is closed")

    def _post(self, op: str, **parameters: object) -> None:
        if self._open:
            self._link.post({"op": op, "port": self.number, **parameters})

    async def _request(self, op: str, *, bounded: bool = True, **parameters: object) -> Message:
        self._require()
        return await self._link.request({"op": op, "port": self.number, **parameters}, bounded=bounded)


def _ignore(_: MediaPort) -> None: ...
