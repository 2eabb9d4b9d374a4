"""The media workers of one SIP driver, and the RTP ports that they share out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from drivers.sip.media.link import WorkerLink
from drivers.sip.media.port import MediaPort
from drivers.sip.media.spool import Spool
from drivers.sip.media.wire import Message
from engine.errors import CallError, EngineError, LegGone, NoChannel

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"

INSIDE_DTMF = 101
"""The RFC 4733 payload type between two ports of ours."""

EXPEDITED = 46
"""DSCP of telephony, EF (RFC 3246, RFC 4594 §4.1)."""

PAUSE = 1.0
"""Seconds between two starts of one worker, so that one that cannot live does not take the machine with it."""


class _Told(NamedTuple):
    """Whom a port tells what happens."""

    digit: Callable[[str], None]
    lost: Callable[[], None]
    silent: Callable[[], None]


class _Slot:
    """The place of one worker: its share of the ports outlives it."""

    def __init__(self, numbers: list[int]) -> None:
        self.free = deque(numbers)
        """Taken from the left and given back on the right: a port rests as long as possible, so that packets of a
        call that has ended do not reach the next."""
        self.link: WorkerLink | None = None
        self.started = 0.0
        self.ports: dict[int, MediaPort] = {}

    @property
    def usable(self) -> bool:
        return self.link is not None and self.link.alive and bool(self.free)


class MediaPool:
    """Start once, stop once. `open` puts a call into the worker with the fewest."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        ports: range = range(20000, 24000),
        workers: int | None = None,
        external: str | None = None,
        dscp: int = EXPEDITED,
        timeout: float | None = 60.0,
    ) -> None:
        """host: the local IPv4 address of RTP. ports: the even ones are used (RFC 3550 §11).
        workers: processes; None for one per core. external: the address by which others reach `host`; None: the same.
        dscp: of the packets sent. timeout: seconds without a packet after which a far end counts as silent; None:
        never. Raises ValueError without an even port."""
        numbers = [number for number in ports if number % 2 == 0]
        if not numbers:
            raise ValueError(f"there is no even port in {ports}")
        count = min(workers or os.cpu_count() or 1, len(numbers))
        self._host = host
        self._external = external or host
        self._dscp = dscp
        self._timeout = timeout
        self._slots = [_Slot(numbers[index::count]) for index in range(count)]
        self._spool = Spool()
        self._links: set[WorkerLink] = set()
        """Every process that has not been seen to end, also while it starts or ends."""
        self._running = False
        self._replacing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Returns when all workers are ready. Raises EngineError when one does not start."""
        await self._spool.start()
        self._running = True
        try:
            await asyncio.gather(*(self._start_worker(slot) for slot in self._slots))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close what is open, completing recordings, and end the workers. Idempotent."""
        if not self._running:
            return
        self._running = False
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(port.close() for slot in self._slots for port in list(slot.ports.values())))
        await asyncio.gather(*(link.stop() for link in self._links))
        self._links.clear()
        await self._spool.stop()

    async def open(
        self,
        *,
        near: MediaPort | None = None,
        on_digit: Callable[[str], None],
        on_lost: Callable[[], None],
        on_silent: Callable[[], None] = lambda: None,
    ) -> MediaPort:
        """Bind an RTP port, if possible in the worker of `near`.

        on_digit: called in the event loop with each key, at its first packet. on_lost: called if the worker dies, and
        the port with it. on_silent: called when packets are expected, and none has come for `timeout`. Raises
        NoChannel when no worker has a port left.
        """
        told = _Told(on_digit, on_lost, on_silent)

        def preference(slot: _Slot) -> tuple[bool, int]:
            return near is None or near.number not in slot.ports, len(slot.ports)

        left = list(self._slots)
        refusal = "none is free"
        while usable := [slot for slot in left if slot.usable]:
            slot = min(usable, key=preference)
            try:
                return await self._bind_any(slot, told)
            except CallError as error:  # LegGone, too: the worker has just died
                refusal = str(error)
            left.remove(slot)
        raise NoChannel(f"no RTP port could be opened: {refusal}")

    async def open_beside(self, end: MediaPort) -> MediaPort:
        """A port on loopback in the worker of `end`, to link it with another worker: none of the range, so that calls
        that have their ports can be bridged. Raises CallError; LegGone when `end` has none."""
        told = _Told(_ignore_key, _do_nothing, _do_nothing)
        for slot in self._slots:
            if end.number in slot.ports:
                return await self._bind(slot, LOOPBACK, 0, told)
        raise LegGone("the media worker has ended")

    def wire(self, one: MediaPort, other: MediaPort) -> None:
        """Make each of two ports, both open, the far end of the other. Raises LegGone."""
        for port, far in ((one, other), (other, one)):
            port.connect(self._host, far.port, codec="PCMA", dtmf=INSIDE_DTMF, hear=False)

    def usage(self) -> dict[str, int]:
        """Ports open now."""
        return {"rtp_ports": sum(len(slot.ports) for slot in self._slots)}

    async def ping(self) -> None:
        """Return when every worker has answered, however long it takes. Raises LegGone when one dies meanwhile."""
        links = [slot.link for slot in self._slots if slot.link is not None and slot.link.alive]
        await asyncio.gather(*(link.request({"op": "ping"}, bounded=False) for link in links))

    async def stats(self) -> list[dict[str, Any]]:
        """Figures of each worker: pid, ports, descriptors, clip_octets, cpu_seconds, skipped_ticks, lateness_ms."""
        links = [slot.link for slot in self._slots if slot.link is not None and slot.link.alive]
        answers = await asyncio.gather(*(link.request({"op": "stats"}) for link in links))
        return [{"pid": link.pid, **answer} for link, answer in zip(links, answers, strict=True)]

    async def _bind_any(self, slot: _Slot, told: _Told) -> MediaPort:
        """The first port of the slot that can be had. Raises CallError when none can."""
        refusal = CallError("none is free")
        for _ in range(len(slot.free)):
            if not slot.usable:
                break
            try:
                return await self._bind(slot, self._host, slot.free.popleft(), told)
            except LegGone:
                raise
            except CallError as error:
                refusal = error  # Most likely somebody else's socket: the next one may do.
        raise refusal

    async def _bind(self, slot: _Slot, host: str, number: int, told: _Told) -> MediaPort:
        """A port, 0 for any. Raises CallError. A worker that dies meanwhile is a LegGone and no loss."""
        opened = False

        def closed(port: MediaPort) -> None:
            del slot.ports[port.number]
            if number:
                slot.free.append(number)

        def lost() -> None:
            if opened:
                told.lost()

        link = slot.link
        if link is None:
            raise LegGone("the media worker has ended")
        port = MediaPort(
            link,
            self._spool,
            self._external if number else host,
            number,
            on_digit=told.digit,
            on_lost=lost,
            on_silent=told.silent,
            on_closed=closed,
        )
        slot.ports[port.number] = port
        inside = number == 0
        options = {"dscp": self._dscp, "timeout": None if inside else self._timeout, "rtcp": not inside}
        try:
            reply = await link.request({"op": "open", "port": port.number, "host": host, "number": number, **options})
        except asyncio.CancelledError:
            await port.close()
            raise
        except CallError:
            port.refused()
            raise
        if port.number not in slot.ports:
            raise LegGone("the media worker has ended")
        opened = True
        port.port = reply["number"]
        return port

    async def _start_worker(self, slot: _Slot) -> None:
        slot.started = time.monotonic()
        link = WorkerLink(lambda event: self._on_event(slot, event), lambda: self._on_gone(slot))
        self._links.add(link)
        try:
            await link.start(self._spool.folder)
        except EngineError:
            self._links.discard(link)
            raise
        if not link.alive:
            raise EngineError("a media worker died as soon as it had started")
        slot.link = link

    def _on_event(self, slot: _Slot, event: Message) -> None:
        port = slot.ports.get(event["port"])
        if port is None:
            return
        if event["ev"] == "lost":
            log.error("media worker failed on RTP port %d: %s", port.port, event["error"])
            port.lost()
        else:
            port.handle(event)

    def _on_gone(self, slot: _Slot) -> None:
        if slot.link is None or not self._running:
            return  # It ended while starting, which `start` tells.
        log.error("media worker %d has died with %d ports; starting another", slot.link.pid, len(slot.ports))
        dead, slot.link = slot.link, None
        for port in list(slot.ports.values()):
            port.lost()
        task = asyncio.create_task(self._replace(slot, dead))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self, slot: _Slot, dead: WorkerLink) -> None:
        await dead.stop()
        self._links.discard(dead)
        while slot.link is None:
            await asyncio.sleep(max(0.0, slot.started + PAUSE - time.monotonic()))
            try:
                await self._start_worker(slot)
            except EngineError as error:
                log.error("%s", error)


def _ignore_key(_: str) -> None: ...


def _do_nothing() -> None: ...
