"""The walk of a call through one scenario, from node to node."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.call.call import CallOver
from engine.call.pace import MAX_STEPS_A_SECOND
from engine.call.record import Step
from engine.call.sub import Returned
from engine.errors import CallError, EngineError, LegGone
from engine.lines import Cause
from engine.nodes.base import END, Node

if TYPE_CHECKING:
    from engine.call.call import Call

APOLOGY_SECONDS = 15.0


class Walk:
    """One way through one version of a scenario. `prefix` stands before the names of its nodes in the path; the
    outermost scenario has none."""

    def __init__(self, call: Call, prefix: str = "") -> None:
        self._call = call
        self._prefix = prefix
        self._cursor = call.scenario.begin()

    async def run(self) -> None:
        """From the start node to `end`. Raises CallOver when a node ends the call, Returned when one leaves the
        scenario, CallError when a sub-scenario fails."""
        try:
            async with asyncio.timeout(self._call.scenario.scenario.max_duration) as limit:
                if self._call.scenario.mentions_contact:
                    await self._call.who.known()
                await self._steps()
        except TimeoutError:
            if not limit.expired():
                raise
            self._call.record.reason = "max_duration reached"
            self._call.end("ended")

    async def _steps(self) -> None:
        """Node after node, each a turn of the event loop at least, so that no call holds up the others."""
        call = self._call
        while self._cursor.node != END:
            await asyncio.sleep(0)
            if not call.leg.alive:
                raise LegGone("the caller has gone")
            if (steps := call.pace.step(call.elapsed())) > MAX_STEPS_A_SECOND:
                call.record.reason = f"{steps} nodes within a second: the scenario runs in circles"
                call.log.error("%s, at node %s", call.record.reason, self._prefix + self._cursor.node)
                await self._apologise()
                call.end("failed", Cause.FAILED)
            await self._step()

    async def _step(self) -> None:
        """Run the node at the cursor and follow its outcome."""
        call = self._call
        name = self._cursor.node
        node: Node = call.scenario.scenario.nodes[name]
        step = Step(self._prefix + name, node.type, call.elapsed())
        call.record.path.append(step)
        try:
            if node.answers:
                await call.answer()
            outcome = await node.run(call)
            _stop_if_cancelled()
            edge = self._cursor.follow(outcome, call.names)
            step.outcome = (edge and edge.label) or outcome
        except Returned as returned:
            step.outcome = returned.outcome
            raise
        except CallOver:
            raise
        except Exception as error:
            if isinstance(error, LegGone) and not call.leg.alive:
                raise
            _stop_if_cancelled()
            await self._failed(step, error)

    async def _failed(self, step: Step, error: Exception) -> None:
        """A node failed: its `error` branch, else the scenario's `on_error`, else the failure of the node that called
        this scenario, else an apology and the end."""
        call = self._call
        step.outcome = "error"
        reason = f"node {step.node}: {describe(error)}"
        if not isinstance(error, EngineError):
            call.log.error("node %s: the program itself failed", step.node, exc_info=error)
        if self._cursor.follow("error", call.names) is not None:
            call.warn(reason)
            return
        if self._prefix:
            raise CallError(call.redacted(reason)) from error
        call.record.reason = call.redacted(reason)
        call.log.error("%s", call.record.reason)
        await self._apologise()
        call.end("failed", Cause.FAILED)

    async def _apologise(self) -> None:
        call = self._call
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
