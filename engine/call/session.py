"""The session of one call: walk the scenario's machine from node to node until the call is over.

A session is a guarded task: whatever happens inside it, it ends its own leg, writes its own record, and concerns
no other call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.call.call import Call, CallOver
from engine.call.record import CallRecord, Result
from engine.call.sub import Returned
from engine.call.walk import Walk, describe
from engine.errors import LegGone
from engine.lines import Cause, Leg
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.services import Services
    from engine.scenario.compile import CompiledScenario

log = logging.getLogger("flowctl.call")


class Session:
    """One call on its way through one version of a scenario."""

    def __init__(
        self,
        leg: Leg,
        scenario: CompiledScenario,
        services: Services,
        catalogue: Mapping[str, CompiledScenario] | None = None,
    ) -> None:
        """catalogue: the scenarios that it may call, by name."""
        model = scenario.scenario
        record = CallRecord(
            id=leg.info.id,
            did=leg.info.did,
            cli=leg.info.cli,
            caller=services.lines.plan.caller(leg.info.cli),
            channel=leg.info.channel,
            scenario=model.name,
            version=scenario.version,
            started=services.clock.now(),
        )
        self.call = Call(
            leg=leg,
            scenario=scenario,
            services=services,
            record=record,
            log=logging.LoggerAdapter(log, {"call": leg.info.id}),
            language=model.language,
            started_monotonic=asyncio.get_running_loop().time(),
            variables=scenario.initial_variables(),
            catalogue=catalogue or {},
        )

    async def run(self) -> CallRecord:
        """Run the call to its end and return its record. Never raises, except when cancelled (server stop)."""
        call = self.call
        call.who.look_up(call)
        walk = asyncio.create_task(Walk(call).run(), name=f"walk {call.record.id}")
        try:
            waited: set[asyncio.Future[Any]] = {walk, call.leg.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            walk.cancel()
            await uninterrupted(self._finish(walk))
        return call.record

    async def _finish(self, walk: asyncio.Task[None]) -> None:
        """Wait for the walk's last words, put the result into the record, hang up, and close the recording."""
        await asyncio.wait({walk})
        self.call.who.stop()
        record = self.call.record
        result, cause = self._outcome(walk)
        handed_over = record.agent is not None or record.transferred_to is not None
        record.result = "transferred" if handed_over and result != "failed" else result
        await self.call.leg.hangup(cause)
        record.duration = self.call.elapsed()
        await self.call.recording.finish(self.call)

    def _outcome(self, walk: asyncio.Task[None]) -> tuple[Result, Cause]:
        """How the call ended, and what its exchange is told."""
        try:
            walk.result()
        except CallOver as over:
            return over.result, over.cause
        except Returned:
            return "ended", Cause.NORMAL
        except (asyncio.CancelledError, LegGone):
            return self._cut_short()
        except Exception as error:
            log.exception("call %s: the session failed", self.call.record.id)
            self.call.record.reason = describe(error)
            return "failed", Cause.FAILED
        return "ended", Cause.NORMAL

    def _cut_short(self) -> tuple[Result, Cause]:
        """The walk did not come to its end: the caller, the line or the server ended the call."""
        leg, record = self.call.leg, self.call.record
        if leg.alive:
            record.reason = "the server stopped"
            return "failed", Cause.CONGESTION
        hangup = leg.ended.result()
        if hangup.by == "remote":
            return "caller_hung_up", Cause.NORMAL
        record.reason = f"the line failed: {hangup.detail or hangup.cause.value}"
        return "failed", hangup.cause
