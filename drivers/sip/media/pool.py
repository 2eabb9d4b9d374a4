"""The media workers of one SIP driver, and the RTP ports that they share out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from drivers.sip.media.link import WorkerLink
from drivers.sip.media.port import MediaPort
from drivers.sip.media.spool import Spool
from drivers.sip.media.wire import Message
from engine.errors import CallError, EngineError, LegGone, NoChannel

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two starts of one worker, so that one that cannot live does not take the machine with it."""


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
        self, *, host: str = "127.0.0.1", ports: range = range(20000, 24000), workers: int | None = None
    ) -> None:
        """host: the local IPv4 address of RTP. ports: the even ones are used (RFC 3550 §11).
        workers: processes; None for one per core. Raises ValueError without an even port."""
        numbers = [number for number in ports if number % 2 == 0]
        if not numbers:
            raise ValueError(f"there is no even port in {ports}")
        count = min(workers or os.cpu_count() or 1, len(numbers))
        self._host = host
        self._slots = [_Slot(numbers[index::count]) for index in range(count)]
        self._spool = Spool()
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
        await asyncio.gather(*(slot.link.stop() for slot in self._slots if slot.link is not None))
        await self._spool.stop()

    async def open(
        self,
        *,
        near: MediaPort | None = None,
        on_digit: Callable[[str], None],
        on_lost: Callable[[], None],
    ) -> MediaPort:
        """Bind an RTP port, in the worker of `near` if that is given.

        on_digit: called in the event loop with each key, at its first packet. on_lost: called if the worker dies, and
        the port with it. Raises NoChannel when no port is left.
        """
        slots = [slot for slot in self._slots if slot.usable]
        if near is not None:
            slots = [slot for slot in slots if near.number in slot.ports]
        if not slots:
            raise NoChannel("no RTP port is free")
        slot = min(slots, key=lambda slot: len(slot.ports))
        refusal = ""
        for _ in range(len(slot.free)):
            try:
                return await self._bind(slot, on_digit, on_lost)
            except LegGone:
                break
            except CallError as error:
                refusal = f": {error}"  # Most likely somebody else's socket: the next one may do.
            if not slot.usable:
                break
        raise NoChannel(f"no RTP port could be opened{refusal}")

    def usage(self) -> dict[str, int]:
        """Ports open now."""
        return {"rtp_ports": sum(len(slot.ports) for slot in self._slots)}

    async def stats(self) -> list[dict[str, Any]]:
        """Figures of each worker: pid, ports, descriptors, clip_octets, cpu_seconds, skipped_ticks, lateness_ms."""
        links = [slot.link for slot in self._slots if slot.link is not None and slot.link.alive]
        answers = await asyncio.gather(*(link.request({"op": "stats"}) for link in links))
        return [{"pid": link.pid, **answer} for link, answer in zip(links, answers, strict=True)]

    async def _bind(self, slot: _Slot, on_digit: Callable[[str], None], on_lost: Callable[[], None]) -> MediaPort:
        link = slot.link
        assert link is not None
        number = slot.free.popleft()

        def closed(port: MediaPort) -> None:
            del slot.ports[port.number]
            slot.free.append(number)

        port = MediaPort(link, self._spool, self._host, number, on_digit=on_digit, on_lost=on_lost, on_closed=closed)
        slot.ports[port.number] = port
        try:
            await link.request({"op": "open", "port": port.number, "host": self._host, "number": number})
        except asyncio.CancelledError:
            await port.close()
            raise
        except CallError:
            port.refused()
            raise
        return port

    async def _start_worker(self, slot: _Slot) -> None:
        slot.started = time.monotonic()
        link = WorkerLink(lambda event: self._on_event(slot, event), lambda: self._on_gone(slot))
        await link.start(self._spool.folder)
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
        while slot.link is None:
            await asyncio.sleep(max(0.0, slot.started + PAUSE - time.monotonic()))
            try:
                await self._start_worker(slot)
            except EngineError as error:
                log.error("%s", error)
