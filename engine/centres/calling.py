"""Calls that agents ask for, from their computer or by the web: who may have which, and what has become of them."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from engine.call.current import CALL
from engine.call.record import CallRecord
from engine.centres.desk import Desk
from engine.centres.events import AgentEvent, CallFacts, Code
from engine.centres.outgoing import OutgoingCall, Wanted
from engine.centres.texts import Why, refusal
from engine.errors import NotAllowed
from engine.lines import numbering
from engine.lines.dialling import NoSuchNumber
from engine.tasks import uninterrupted

if TYPE_CHECKING:
    from engine.audio.clip import Clip
    from engine.call.services import Services
    from engine.lines.dialling import Dialled

log = logging.getLogger("flowctl.calling")

REMEMBERED = 1_000
"""Calls that are over and can still be asked about."""


class Refused(Exception):
    """A call that is not made at all."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.key)
        self.why = why


class Host(Protocol):
    """The server: sees to it that calls end when it does, and keeps their records."""

    @property
    def draining(self) -> bool:
        """True when no call may begin any more."""
        ...

    def keep(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Do a call's work; it is given time to end, then cancelled."""
        ...

    def note(self, record: CallRecord) -> None:
        """A call with that record has begun."""
        ...

    async def write_down(self, record: CallRecord) -> None:
        """Keep the record of a call that is over."""
        ...


class Calling:
    """One per server."""

    def __init__(
        self,
        services: Services,
        host: Host,
        ringing: Clip,
        *,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """ringing: what an agent hears while the number rings."""
        self._services = services
        self._host = host
        self._ringing = ringing
        self._new_id = new_id
        self._calls: dict[str, OutgoingCall] = {}
        services.centres.on_call_wanted = self._ask

    def find(self, identity: str) -> OutgoingCall | None:
        """The call of that id, going on or one of the last that are over."""
        return self._calls.get(identity)

    async def start(self, code: str, number: str, *, extension: str = "", record: bool = False) -> OutgoingCall:
        """Begin to connect the agent with a number; their phone rings from now on.

        extension: where it is; empty for the one of their log-in, or of the directory. Raises Refused.
        """
        desk = self._services.centres.desk(code)
        if self._host.draining:
            raise Refused(Why("server_stops"))
        if desk is None:
            raise Refused(Why("unknown", {"name": code}))
        if not desk.agent.active:
            raise Refused(Why("not_active"))
        phone = self._phone(desk, extension)
        called = self._services.centres.reached_by(number, but=desk)
        address = self._address(desk, phone, number, called)
        if desk.claim is not None:
            raise Refused(Why("busy"))
        dialled = await self._allow(number, address, code)
        identity = self._new_id()
        if desk.claim is not None or not await self._services.centres.claim(desk, identity):
            self._services.lines.not_tried(dialled, agent=code)
            raise Refused(Why("busy"))
        wanted = Wanted(phone, number, address, dialled, record, called)
        call = OutgoingCall(self._services, desk, wanted, self._record(identity, code, wanted), self._ringing)
        self._remember(call)
        self._host.note(call.record)
        call.run_in(self._host.keep(self._run(call), f"outgoing call {identity}"))
        # A task that is cancelled before its first step would never release the agent.
        await asyncio.sleep(0)
        return call

    # What may be called

    @staticmethod
    def _phone(desk: Desk, extension: str) -> str:
        if extension and extension != desk.phone:
            plain = numbering.plain(extension)
            if not plain:
                raise Refused(Why("bad_extension", {"name": extension[:40]}))
            return plain
        if not desk.phone:
            raise Refused(Why("no_phone"))
        return desk.phone

    def _address(self, desk: Desk, phone: str, number: str, called: Desk | None) -> str:
        """Whom a number means: an agent by their code, anything else by itself. A SIP URI is none: it would let
        whoever may call have us send packets anywhere."""
        plain = numbering.plain(number)
        known = called.phone or None if called is not None else None
        if (not plain and known is None) or not number.isprintable():
            raise Refused(Why("bad_number", {"name": number[:40]}))
        if number == desk.code or known == phone or self._same(plain, phone):
            raise Refused(Why("own_phone", {"name": number}))
        return known or plain

    def _same(self, number: str, phone: str) -> bool:
        caller = self._services.lines.plan.caller
        return number == numbering.plain(phone) or caller(number) == caller(phone) != ""

    async def _allow(self, number: str, address: str, code: str) -> Dialled:
        """What is dialled; counts for the limits. The number is looked at before anybody's phone rings."""
        try:
            return await self._services.lines.allow(address, agent=code)
        except NoSuchNumber:
            raise Refused(Why("bad_number", {"name": number})) from None
        except NotAllowed as error:
            raise Refused(refusal("not_allowed", number, error)) from None

    # Going on

    def _record(self, identity: str, code: str, wanted: Wanted) -> CallRecord:
        return CallRecord(
            id=identity,
            did=wanted.number,
            cli=wanted.phone,
            caller="",
            channel="",
            scenario="",
            version="",
            started=self._services.clock.now(),
            agent=code,
            direction="out",
        )

    def _remember(self, call: OutgoingCall) -> None:
        over = [identity for identity, one in self._calls.items() if one.over]
        for identity in over[: max(0, len(over) - REMEMBERED + 1)]:
            del self._calls[identity]
        self._calls[call.record.id] = call

    async def _run(self, call: OutgoingCall) -> None:
        """One call, guarded: whatever fails here concerns this call alone."""
        record = call.record
        CALL.set(record.id)
        log.info("call %s: agent %s calls %s", record.id, record.agent, record.did)
        try:
            await call.run()
        except Exception:
            log.exception("call %s of agent %s to %s failed", record.id, record.agent, record.did)
        finally:
            await uninterrupted(self._finish(call))

    async def _finish(self, call: OutgoingCall) -> None:
        await call.hold.end()
        await self._host.write_down(call.record)
        log.info("call %s: %s after %.1f s", call.record.id, call.record.result, call.record.duration)

    # From the agent's computer

    def _ask(self, desk: Desk, number: str, record: bool) -> None:
        self._host.keep(self._asked(desk, number, record), f"call asked for by {desk.code}")

    async def _asked(self, desk: Desk, number: str, record: bool) -> None:
        try:
            await self.start(desk.code, number, record=record)
        except Refused as refused:
            if desk.session is not None:
                facts = CallFacts("", desk.phone, "", number, "")
                why = refused.why.text(desk.session.language)
                desk.session.send(AgentEvent(Code.FAILED, facts, number=number, reason=why))
