"""One running server: lines on one side, scenarios on the other, a session for each call between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from engine.call.services import Services
from engine.call.session import Session
from engine.errors import LegGone
from engine.lines import Cause, Driver, Leg
from engine.records.journal import Journal
from engine.scenario.reload import ScenarioStore
from engine.tasks import uninterrupted

log = logging.getLogger("flowctl.server")


class Server:
    """Takes calls until it is stopped; then lets those in progress finish."""

    def __init__(self, drivers: Sequence[Driver], store: ScenarioStore, services: Services, journal: Journal) -> None:
        self._drivers = drivers
        self._store = store
        self._services = services
        self._journal = journal
        self._calls: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return len(self._calls)

    async def start(self) -> None:
        """Begin to take calls on every driver. Raises what a driver raises (port in use, …)."""
        for driver in self._drivers:
            await driver.start(self._on_call)

    async def stop(self, drain: float) -> None:
        """Refuse new calls, give those in progress `drain` seconds, then end them and close the lines."""
        self._draining = True
        if self._calls and drain > 0:
            log.info("stopping: waiting for %d calls, %g s at most", len(self._calls), drain)
            await asyncio.wait(self._calls, timeout=drain)
        for task in tuple(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        for driver in self._drivers:
            await driver.stop()

    def _on_call(self, leg: Leg) -> None:
        task = asyncio.create_task(self._take(leg), name=f"call {leg.info.id}")
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _take(self, leg: Leg) -> None:
        """One call, guarded: whatever fails here concerns this call alone."""
        try:
            await self._serve(leg)
        except LegGone:
            log.info("call %s: the caller was gone before the call was refused", leg.info.id)
        except Exception:
            log.exception("call %s from %s to %s failed", leg.info.id, leg.info.cli, leg.info.did)
            await leg.hangup(Cause.FAILED)

    async def _serve(self, leg: Leg) -> None:
        if self._draining:
            await leg.reject(Cause.CONGESTION)
            return
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
        log.info("call %s: %s calls %s, scenario %s", leg.info.id, leg.info.cli, leg.info.did, scenario.name)
        try:
            await session.run()
        finally:
            # Also when the server stops and cancels us: a call without its record does not exist.
            record = session.call.record
            await uninterrupted(self._journal.append(record.as_dict()))
            log.info("call %s: %s after %.1f s", record.id, record.result, record.duration)
