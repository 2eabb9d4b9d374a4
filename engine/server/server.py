"""One running server: lines on one side, scenarios on the other, a session for each call between them."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from engine.call.current import CALL
from engine.call.record import CallRecord
from engine.call.services import Services
from engine.call.session import Session
from engine.errors import LegGone
from engine.lines import Cause, Driver, Leg
from engine.lines.channels import AllBusy, Channel
from engine.scenario.reload import ScenarioStore
from engine.tasks import cancel, uninterrupted

log = logging.getLogger("flowctl.server")

RINGING_SECONDS = 300.0
"""How long a call to a barred channel is left ringing: a caller who lost his line without a word would hold it for
ever. Exchanges and proxies give up after three minutes (RFC 3261 section 16.6, timer C)."""

REFUSED_SECONDS = 10.0
"""Between two lines that say that calls are refused for want of a channel."""


class Records(Protocol):
    """Where calls are written down."""

    def call_begins(self, record: CallRecord) -> None:
        """There is a call from now on, whatever happens to us."""
        ...

    async def call_over(self, record: CallRecord) -> None:
        """Keep the record; returns when it is safe."""
        ...


class Server:
    """Takes calls until it is stopped; then lets those in progress finish."""

    def __init__(self, drivers: Sequence[Driver], store: ScenarioStore, services: Services, records: Records) -> None:
        self._drivers = drivers
        self._store = store
        self._services = services
        self._records = records
        self._channels = services.lines.channels
        self._calls: set[asyncio.Task[None]] = set()
        self._draining = asyncio.Event()
        self._refused = 0
        """Calls refused for want of a channel since the last line that said so."""
        self._said_refused = -REFUSED_SECONDS

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return len(self._calls)

    @property
    def draining(self) -> bool:
        """True once no call may begin any more."""
        return self._draining.is_set()

    def keep(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Do the work of a call that comes in on no line: it counts as one in progress, and ends as they do."""
        task = asyncio.create_task(work, name=name)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return task

    def note(self, record: CallRecord) -> None:
        """A call with that record has begun."""
        self._records.call_begins(record)

    async def write_down(self, record: CallRecord) -> None:
        """Keep the record of a call that is over."""
        await self._records.call_over(record)

    async def start(self) -> None:
        """Begin to take calls on every driver. Raises what a driver raises (port in use, …)."""
        for driver in self._drivers:
            await driver.start(self._on_call)

    async def stop(self, drain: float) -> None:
        """Refuse new calls, give those in progress `drain` seconds, then end them and close the lines."""
        self._draining.set()
        if self._calls and drain > 0:
            log.info("stopping: waiting for %d calls, %g s at most", len(self._calls), drain)
            await asyncio.wait(self._calls, timeout=drain)
        for task in tuple(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        for driver in self._drivers:
            await driver.stop()

    def _on_call(self, leg: Leg) -> None:
        self.keep(self._take(leg), f"call {leg.info.id}")

    async def _take(self, leg: Leg) -> None:
        """One call, guarded: whatever fails here concerns this call alone."""
        CALL.set(leg.info.id)
        try:
            await self._serve(leg)
        except LegGone:
            log.info("call %s: the caller was gone before the call was refused", leg.info.id)
        except Exception:
            log.exception("call %s from %s to %s failed", leg.info.id, leg.info.cli, leg.info.did)
            await leg.hangup(Cause.FAILED)

    async def _serve(self, leg: Leg) -> None:
        if self._draining.is_set():
            await leg.reject(Cause.CONGESTION)
            return
        try:
            channel = self._channels.take_in(leg.info.channel, leg.info.driver)
        except AllBusy as error:
            self._say_refused(error)
            await leg.reject(error.cause)
            return
        leg.info = dataclasses.replace(leg.info, channel=channel.id)
        channel.call, channel.did, channel.cli = leg.info.id, leg.info.did, leg.info.cli
        channel.since = asyncio.get_running_loop().time()
        leg.ended.add_done_callback(lambda _: self._channels.release(channel))
        try:
            if not channel.barred or await self._leave_ringing(leg, channel):
                await self._run(leg, channel)
        finally:
            # A leg that has failed to end is no call any more.
            self._channels.release(channel)

    async def _leave_ringing(self, leg: Leg, channel: Channel) -> bool:
        """Neither answer nor refuse, until the caller gives up, or we stop. True when the channel is barred no more:
        the call is then one as any other."""
        log.info("call %s: %s is barred from reception, it is left ringing", leg.info.id, leg.info.channel)
        await leg.ring()
        stopping = asyncio.ensure_future(self._draining.wait())
        opened = asyncio.ensure_future(channel.opened.wait())
        let_in = False
        try:
            waited: set[asyncio.Future[Any]] = {leg.ended, stopping, opened}
            await asyncio.wait(waited, timeout=RINGING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            let_in = channel.opened.is_set() and leg.alive and not self._draining.is_set()
        finally:
            await cancel(stopping, opened)
            if not let_in:
                await uninterrupted(leg.hangup(Cause.CONGESTION if self._draining.is_set() else Cause.NO_ANSWER))
        if let_in:
            log.info("call %s: %s is no longer barred from reception", leg.info.id, leg.info.channel)
        return let_in

    async def _run(self, leg: Leg, channel: Channel) -> None:
        table = self._store.table
        scenario = table.find(leg.info.did)
        if scenario is None:
            log.warning(
                "no scenario for the called number %s (caller %s, channel %s): refused with 404",
                leg.info.did,
                leg.info.cli,
                leg.info.channel,
            )
            await leg.reject(Cause.NOT_FOUND)
            return
        session = Session(leg, scenario, self._services, table.by_name)
        channel.answered = lambda: session.call.record.answered is not None
        channel.place = lambda: (scenario.name, session.call.record.place)
        log.info("call %s: %s calls %s, scenario %s", leg.info.id, leg.info.cli, leg.info.did, scenario.name)
        self.note(session.call.record)
        try:
            await session.run()
        finally:
            # Also when the server stops and cancels us: a call without its record does not exist.
            record = session.call.record
            await uninterrupted(self.write_down(record))
            log.info("call %s: %s after %.1f s", record.id, record.result, record.duration)

    def _say_refused(self, error: AllBusy) -> None:
        """One line for many calls: whoever calls too often must not fill the log."""
        self._refused += 1
        now = asyncio.get_running_loop().time()
        if now >= self._said_refused + REFUSED_SECONDS:
            log.warning("%s: %d calls refused with %s", error, self._refused, error.cause.value)
            self._refused, self._said_refused = 0, now
