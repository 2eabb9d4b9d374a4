"""One call that an agent asks for: their phone rings, they hear the number ring, and the two are connected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.centres.desk import Desk
from engine.centres.events import AgentEvent, CallFacts, Code
from engine.centres.hold import Hold
from engine.centres.texts import Why, refusal
from engine.errors import CallError, LegGone, NoChannel, NotAllowed, OriginateError, Unsupported
from engine.lines import Leg, RecordingHandle
from engine.tasks import cancel, uninterrupted

if TYPE_CHECKING:
    from engine.audio.clip import Clip
    from engine.call.record import CallRecord, Result
    from engine.call.services import Services
    from engine.lines.dialling import Dialled

log = logging.getLogger("flowctl.calling")

BOX = "calls"
"""Box of recordings into which the conversations go."""

EXTENSION_DIGITS = 6
"""A phone with more is a telephone number, which is nobody's but the agent's."""


class Stage(StrEnum):
    """How far a call is."""

    CALLING_AGENT = "calling_agent"
    CALLING_NUMBER = "calling_number"
    CONNECTED = "connected"
    TRANSFERRED = "transferred"
    """Over for us: the line or the exchange has connected the two."""
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be called. `number` is as it was asked for, `address` whom it means, `phone` the agent's."""

    phone: str
    number: str
    address: str
    dialled: Dialled
    record: bool
    called: Desk | None = None
    """The agent whose code `number` is, or who stands in for them."""


class _Failed(Exception):
    def __init__(self, why: Why, result: Result = "failed") -> None:
        self.why, self.result = why, result


class OutgoingCall:
    """The agent is claimed for it; whoever runs it releases them afterwards."""

    def __init__(self, services: Services, desk: Desk, wanted: Wanted, record: CallRecord, ringing: Clip) -> None:
        """ringing: what the agent hears while the number rings. record: filled in; whoever runs the call keeps it."""
        self.desk = desk
        self.wanted = wanted
        self.record = record
        self.stage = Stage.CALLING_AGENT
        self.why: Why | None = None
        """Why it is over, once it is."""
        self.hold = Hold(lambda: services.centres.release(desk, rest=desk.rest))
        """The agent's; what was left of a rest after another call goes on."""
        self._hold_on_called: Hold | None = None
        self._services = services
        self._ringing = ringing
        self._cut = Why("server_stops")
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.get_running_loop().time()

    @property
    def recording(self) -> str:
        """The file of its recording; empty without, or before it is complete."""
        return self.record.recordings[0]["file"] if self.record.recordings else ""

    @property
    def over(self) -> bool:
        """True when nothing is left of it here."""
        return self.why is not None

    def run_in(self, task: asyncio.Task[None]) -> None:
        """The task that `run`s it, which `withdraw` ends."""
        self._task = task

    def withdraw(self) -> None:
        """End it, whatever it has come to."""
        if self._task is not None and not self.over:
            self._cut = Why("withdrawn")
            self._task.cancel()

    async def run(self) -> None:
        """Make it, and stay until it is over. What fails is told, not raised."""
        failed = Why("cause_failed")
        result: Result = "failed"
        try:
            async with AsyncExitStack() as stack:
                failed, result = await self._make(stack)
        except _Failed as failure:
            failed, result = failure.why, failure.result
        except LegGone:
            failed, result = Why("you_hung_up"), "caller_hung_up"
        except asyncio.CancelledError:
            failed = self._cut
            raise
        finally:
            self._end(failed, result)

    def _end(self, why: Why, result: Result) -> None:
        connected = self.stage in (Stage.CONNECTED, Stage.TRANSFERRED)
        if self.stage is not Stage.TRANSFERRED:
            self.stage = Stage.ENDED if connected else Stage.FAILED
        self.why = why
        self.record.result = result
        self.record.connected = connected
        self.record.reason = None if why.key in ("over", "handed_over") else why.text("en")
        self.record.duration = self._elapsed()
        self._tell(Code.ENDED if connected else Code.FAILED, self.recording or why)

    async def _make(self, stack: AsyncExitStack) -> tuple[Why, Result]:
        """Why it is over, and what becomes of the record. Raises _Failed, LegGone when the agent has hung up."""
        try:
            leg = await self._call_agent()
        except BaseException:
            self._services.lines.not_tried(self.wanted.dialled, agent=self.desk.code)
            raise
        stack.push_async_callback(leg.hangup)
        self.record.channel = leg.info.channel
        self.stage = Stage.CALLING_NUMBER
        way = self._way()
        await self._hold_called(stack, release=way in ("blind", "exchange"))
        match way:
            case "bridge":
                other = await self._call_number(leg)
                stack.push_async_callback(other.hangup)
                return await self._talk(stack, leg, other)
            case "attended":
                other = await self._call_number(leg)
                stack.push_async_callback(other.hangup)
                await self._leave(leg, leg.transfer(self.wanted.address, replacing=other))
            case "exchange":
                await self._leave(leg, self._services.exchange.transfer(leg, self.wanted.dialled.digits))
            case _:
                await self._leave(leg, leg.transfer(self.wanted.dialled.digits))
        return Why("handed_over"), "transferred"

    def _way(self) -> str:
        """What the settings say. Left open, and for a recording, we stay between the two: only then is it known
        when they have done."""
        rules = self._services.transfers
        if self.wanted.record or rules.method in ("auto", "bridge"):
            return "bridge"
        return "exchange" if rules.method == "exchange" else "attended" if rules.second else "blind"

    async def _hold_called(self, stack: AsyncExitStack, *, release: bool) -> None:
        """An agent who is called is busy for searches and for other callers, until it is over. release: at once, for
        nobody will say when it is. Raises _Failed for one who has a call."""
        desk, centres = self.wanted.called, self._services.centres
        if desk is None:
            return
        if not await centres.reserve(desk, "connecting"):
            self._services.lines.not_tried(self.wanted.dialled, agent=self.desk.code)
            raise _Failed(Why("number_not_reached", {"name": self.wanted.number}, "cause_busy"))
        if release:
            await centres.release(desk, rest=desk.rest)
        else:
            self._hold_on_called = Hold(lambda: centres.release(desk, rest=desk.rest))
            stack.push_async_callback(self._hold_on_called.end)

    # The two phones

    async def _call_agent(self) -> Leg:
        wanted, lines = self.wanted, self._services.lines
        shown = wanted.dialled.e164 or wanted.dialled.digits
        calling = lines.originate(wanted.phone, caller_id=shown, agent=self.desk.code)
        return await self._answered(calling, "phone_not_reached", wanted.phone)

    async def _call_number(self, leg: Leg) -> Leg:
        """The agent hears it ring; when they hang up, it rings no more."""
        wanted, lines = self.wanted, self._services.lines
        calling = asyncio.ensure_future(
            lines.dial(
                wanted.number, wanted.dialled, caller_id=self._presented(), near=leg, agent=self.desk.code, early=True
            )
        )
        tone = asyncio.ensure_future(leg.play([self._ringing], loop=True))
        try:
            waited: set[asyncio.Future[Any]] = {calling, leg.ended}
            await asyncio.wait(waited, timeout=self._services.ring_time, return_when=asyncio.FIRST_COMPLETED)
            await cancel(tone)
            if not leg.alive:
                raise LegGone
            if calling.done():
                return await self._answered(calling, "number_not_reached", wanted.number)
        except BaseException:
            await uninterrupted(_withdrawn(calling))
            raise
        finally:
            await cancel(tone)
        await uninterrupted(_withdrawn(calling))
        raise _Failed(Why("number_not_reached", {"name": wanted.number}, "cause_no_answer"))

    async def _answered(self, calling: Awaitable[Leg], failure: str, name: str) -> Leg:
        try:
            async with asyncio.timeout(self._services.ring_time):
                return await calling
        except TimeoutError:
            raise _Failed(Why(failure, {"name": name}, "cause_no_answer")) from None
        except OriginateError as error:
            raise _Failed(Why(failure, {"name": name}, f"cause_{error.cause.value}")) from None
        except NotAllowed as error:
            raise _Failed(refusal(failure, name, error)) from None
        except NoChannel as error:
            log.warning("call %s: %s", self.record.id, error)
            raise _Failed(Why(failure, {"name": name}, "cause_congestion")) from None
        except CallError as error:
            raise _Failed(Why(failure, {"name": name, "detail": str(error)})) from None

    def _presented(self) -> str:
        """The number that the called party sees: an extension of ours, never an agent's private phone."""
        plan = self._services.lines.plan
        phone = self.wanted.phone
        inside = phone.isdecimal() and len(phone) <= EXTENSION_DIGITS
        return phone if inside and plan.presents_caller else plan.number

    # Together

    async def _talk(self, stack: AsyncExitStack, leg: Leg, other: Leg) -> tuple[Why, Result]:
        """Connect the two until one of them hangs up."""
        if self.wanted.record and (recording := await self._start_recording(leg)):
            stack.push_async_callback(self._keep, recording)
        try:
            await leg.bridge(other)
        except LegGone:
            if not leg.alive:
                raise
            raise _Failed(Why("number_not_reached", {"name": self.wanted.number}, "cause_normal")) from None
        self._connected(Stage.CONNECTED)
        self.desk.talk(taken=False)
        self.hold.until_passed_on(leg)
        if self.wanted.called is not None and self._hold_on_called is not None:
            self.wanted.called.talk()
            self._hold_on_called.until_passed_on(other)
        self._tell(Code.CONNECTED, None)
        await asyncio.wait({leg.ended, other.ended}, return_when=asyncio.FIRST_COMPLETED)
        first = leg if not leg.alive else other
        hangup = first.ended.result()
        if hangup.by == "local":
            return Why("line_failed", {"detail": hangup.detail or hangup.cause.value}), "ended"
        return Why("over"), "ended"

    async def _leave(self, leg: Leg, transfer: Awaitable[None]) -> None:
        """Let the line or the exchange connect the agent's phone with the number."""
        try:
            await transfer
        except OriginateError as error:
            cause = f"cause_{error.cause.value}"
            raise _Failed(Why("number_not_reached", {"name": self.wanted.number}, cause)) from None
        except (Unsupported, CallError) as error:
            if isinstance(error, LegGone):
                raise
            raise _Failed(Why("number_not_reached", {"name": self.wanted.number, "detail": str(error)})) from None
        self.record.transferred_to = self.wanted.number
        self._connected(Stage.TRANSFERRED)

    def _connected(self, stage: Stage) -> None:
        self.stage = stage
        self.record.answered = self._elapsed()

    # The recording

    async def _start_recording(self, leg: Leg) -> RecordingHandle | None:
        """Both sides, the agent left; a recording that cannot begin is noted and costs the conversation nothing."""
        try:
            return await leg.record(await self._services.recordings.new(BOX, self.record.id), both=True)
        except LegGone:
            raise
        except CallError as error:
            self.record.warnings.append(f"the conversation is not recorded: {error}")
            return None

    async def _keep(self, handle: RecordingHandle) -> None:
        try:
            recording = await uninterrupted(handle.stop())
        except CallError as error:
            self.record.warnings.append(f"the recording is lost: {error}")
        else:
            self.record.add_recording("conversation", recording.path.absolute(), recording.duration)

    # The agent

    def _tell(self, code: Code, why: Why | str | None) -> None:
        """The agent, if they are logged in now."""
        session = self.desk.session
        if session is None:
            return
        facts = CallFacts(self.record.id, self.wanted.phone, "", self.wanted.number, self.record.channel)
        said = why.text(session.language) if isinstance(why, Why) else why or ""
        session.send(AgentEvent(code, facts, number=self.wanted.number, reason=said))

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun


async def _withdrawn(calling: asyncio.Future[Leg]) -> None:
    """Stop a phone ringing; one that is answered at the very same moment is hung up."""
    calling.cancel()
    await asyncio.wait({calling})
    if not calling.cancelled() and calling.exception() is None:
        await calling.result().hangup()
