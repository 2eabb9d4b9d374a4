"""The session of one call: walk the scenario's machine from node to node until the call is over.

A session is a guarded task: whatever happens inside it, it ends its own leg, writes its own record, and concerns
no other call.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from engine.call.call import Call, CallOver
from engine.call.record import CallRecord, Result, Step
from engine.errors import EngineError, LegGone
from engine.lines import Cause, Leg
from engine.lines.numbering import e164
from engine.nodes.base import END, Node
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.call.services import Services
    from engine.scenario.compile import CompiledScenario

MAX_STEPS_A_SECOND = 300
"""Nodes that one call may enter within a second: the last defence against a scenario that runs in circles."""

APOLOGY_SECONDS = 15.0

log = logging.getLogger("flowctl.call")


class Session:
    """One call on its way through one version of a scenario."""

    def __init__(self, leg: Leg, scenario: CompiledScenario, services: Services) -> None:
        model = scenario.scenario
        record = CallRecord(
            id=leg.info.id,
            did=leg.info.did,
            cli=leg.info.cli,
            caller=e164(leg.info.cli, services.country),
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
        )
        self._cursor = scenario.begin()

    async def run(self) -> CallRecord:
        """Run the call to its end and return its record. Never raises, except when cancelled (server stop)."""
        call = self.call
        walk = asyncio.create_task(self._walk(), name=f"walk {call.record.id}")
        try:
            waited: set[asyncio.Future[Any]] = {walk, call.leg.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            walk.cancel()
            await uninterrupted(self._finish(walk))
        return call.record

    async def _finish(self, walk: asyncio.Task[None]) -> None:
        """Wait for the walk's last words, put the result into the record, and hang up."""
        await asyncio.wait({walk})
        record = self.call.record
        result, cause = self._outcome(walk)
        record.result = "transferred" if record.agent and result != "failed" else result
        await self.call.leg.hangup(cause)
        record.duration = self.call.elapsed()

    def _outcome(self, walk: asyncio.Task[None]) -> tuple[Result, Cause]:
        """How the call ended, and what its exchange is told."""
        try:
            walk.result()
        except CallOver as over:
            return over.result, over.cause
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

    async def _walk(self) -> None:
        """From the start node to `end`; raises CallOver when a node ends the call."""
        try:
            async with asyncio.timeout(self.call.scenario.scenario.max_duration):
                await self._steps()
        except TimeoutError:
            self.call.record.reason = "max_duration reached"

    async def _steps(self) -> None:
        """Node after node, each a turn of the event loop at least, so that no call holds up the others."""
        steps, second = 0, -1
        while self._cursor.node != END:
            await asyncio.sleep(0)
            if not self.call.leg.alive:
                raise LegGone("the caller has gone")
            if second != (now := int(self.call.elapsed())):
                steps, second = 0, now
            steps += 1
            if steps > MAX_STEPS_A_SECOND:
                self.call.record.reason = f"{steps} nodes within a second: the scenario runs in circles"
                self.call.log.error("%s, at node %s", self.call.record.reason, self._cursor.node)
                await self._apologise()
                self.call.end("failed", Cause.FAILED)
            await self._step()

    async def _step(self) -> None:
        """Run the node at the cursor and follow its outcome."""
        call = self.call
        name = self._cursor.node
        node: Node = call.scenario.scenario.nodes[name]
        step = Step(name, node.type, call.elapsed())
        call.record.path.append(step)
        try:
            if node.answers:
                await call.answer()
            outcome = await node.run(call)
            _stop_if_cancelled()
            edge = self._cursor.follow(outcome, call.names)
            step.outcome = (edge and edge.label) or outcome
        except CallOver:
            raise
        except Exception as error:
            if isinstance(error, LegGone) and not call.leg.alive:
                raise
            _stop_if_cancelled()
            await self._failed(step, error)

    async def _failed(self, step: Step, error: Exception) -> None:
        """A node failed: its `error` branch, else the scenario's `on_error`, else an apology and the end."""
        call = self.call
        step.outcome = "error"
        reason = f"node {step.node}: {describe(error)}"
        if not isinstance(error, EngineError):
            call.log.error("node %s: the program itself failed", step.node, exc_info=error)
        if self._cursor.follow("error", call.names) is not None:
            call.warn(reason)
            return
        call.record.reason = call.redacted(reason)
        call.log.error("%s", call.record.reason)
        await self._apologise()
        call.end("failed", Cause.FAILED)

    async def _apologise(self) -> None:
        call = self.call
        try:
            async with asyncio.timeout(APOLOGY_SECONDS):
                await call.answer()
                await call.play_sound("apology")
        except LegGone:
            raise
        except Exception as error:  # noqa: BLE001 - the apology is a courtesy; the call ends anyway
            call.log.warning("the apology could not be played: %s", describe(error))


def _stop_if_cancelled() -> None:
    """A node that failed, or returned, while it was being cancelled does not go on to another."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def describe(error: BaseException) -> str:
    """An error in a line: its message, with the type where the message alone would not tell."""
    return str(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"
