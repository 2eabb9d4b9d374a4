"""The agents and centres of a server as they are now: who is there, who is free, which calls wait."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, tzinfo

from engine.centres.chronicle import Chronicle, NoChronicle
from engine.centres.claims import Claims, LocalClaims
from engine.centres.desk import Desk, Phase, Work
from engine.centres.diary import Diary
from engine.centres.directory import Centre, Directory, ToCentre
from engine.centres.offer import Offer
from engine.centres.order import ordered
from engine.centres.queue import Queue, Ticket
from engine.centres.session import AgentSession
from engine.clock import Clock, SystemClock


class Centres:
    """One per server. Everything happens in the event loop."""

    def __init__(
        self,
        directory: Directory,
        claims: Claims | None = None,
        *,
        clock: Clock | None = None,
        zone: tzinfo | None = None,
        chronicle: Chronicle | None = None,
    ) -> None:
        """claims: who has whom; without, that of a single server. clock, zone: say when a day is over; without, those
        of the machine. chronicle: keeps what happens."""
        self.chronicle: Chronicle = chronicle or NoChronicle()
        self._diary = Diary(self.chronicle)
        self._clock = clock or SystemClock()
        self._zone = zone
        self._claims = claims or LocalClaims()
        self._desks: dict[str, Desk] = {}
        self._leaving: dict[str, Desk] = {}
        """Agents who are no more, and still have a call: who comes back meanwhile has it, too."""
        self._centres: dict[str, Centre] = {}
        self._centres_of: dict[str, set[str]] = {}
        """Code → names of the agent's centres."""
        self._queue = Queue()
        self._waiters: dict[Ticket, Offer] = {}
        self.ended: Counter[tuple[str, str]] = Counter()
        """How many of the calls that have waited, by centre and by what has become of them."""
        self._offers: dict[str, Offer] = {}
        self._changed = asyncio.Event()
        self._asked = itertools.count(1)
        self._mean_wait: dict[str, float] = {}
        self._logged_in: dict[str, list[Desk]] = {}
        """Found since the last change; so is the next."""
        self._available: dict[str, list[Desk]] = {}
        self.on_call_wanted: Callable[[Desk, str, bool], None] | None = None
        """Makes the call that an agent asks for: desk, number, whether to record it. None where none can be made."""
        self.apply(directory)

    # The people

    def apply(self, directory: Directory) -> None:
        """Agents and centres are these from now on. Who is no more, or not active, is logged out; a call that they
        have goes on."""
        self._centres = {centre.name: centre for centre in directory.centres}
        agents = {agent.code: agent for agent in directory.agents}
        self._substitutes = any(agent.substitute is not None for agent in directory.agents)
        self._centres_of = {code: set() for code in agents}
        for name, centre in self._centres.items():
            for code in centre.agents:
                self._centres_of[code].add(name)
        for code in [code for code in self._desks if code not in agents]:
            desk = self._desks.pop(code)
            self._dismiss(desk)
            if desk.claim is not None:
                self._leaving[code] = desk
        now = asyncio.get_running_loop().time()
        for code, agent in agents.items():
            if code not in self._desks:
                back = self._leaving.pop(code, None)
                self._desks[code] = back or Desk(agent, now, self._on_desk, self._today)
            desk = self._desks[code]
            desk.agent = agent
            if not agent.active:
                self._dismiss(desk)
            elif desk.session is not None:
                desk.session.tell_state()
            self._diary.changed(desk)
        self.wake()

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    @staticmethod
    def _dismiss(desk: Desk) -> None:
        if desk.session is not None:
            desk.session.dismiss("not_active")
        desk.close()

    @property
    def desks(self) -> list[Desk]:
        """All agents."""
        return list(self._desks.values())

    def desk(self, code: str) -> Desk | None:
        """The agent with that code."""
        return self._desks.get(code)

    def find(self, name: str) -> Centre | None:
        """The centre of that name."""
        return self._centres.get(name)

    def phone_of(self, code: str) -> str | None:
        """Where the agent with that code is reached, which is their extension, or else their substitute; None for
        anybody else."""
        desk = self.reached_by(code)
        return None if desk is None else desk.phone or None

    def reached_by(self, code: str, *, but: Desk | None = None) -> Desk | None:
        """Who is called for the agent with that code: the first of them and their substitutes who is free, or else
        they themselves; None for anybody else. but: who calls, and does not stand in."""
        desk = self.desk(code)
        if desk is None:
            return None
        return next((one for one in self._stand_ins(desk, set()) if one.available and one is not but), desk)

    def members(self, name: str) -> list[Desk]:
        """The agents of the centre, in its order."""
        centre = self.find(name)
        return [self._desks[code] for code in centre.agents] if centre is not None else []

    def logged_in(self, name: str) -> list[Desk]:
        """Agents who could get the calls of the centre, now or soon: its own, and who stands in for those who are
        not there."""
        if name not in self._logged_in:
            found: dict[str, Desk] = {}
            for desk in self.members(name):
                stand_ins = [desk] if desk.logged_in else self._stand_ins(desk, set())
                found.update((one.code, one) for one in stand_ins if one.logged_in)
            self._logged_in[name] = list(found.values())
        return self._logged_in[name]

    def available(self, name: str) -> list[Desk]:
        """Agents to whom a call of the centre may be offered now, in the order in which they are asked: who is not
        there, or busy, is replaced by who stands in for them."""
        centre = self.find(name)
        if centre is None:
            return []
        if name not in self._available:
            found: dict[str, Desk] = {}
            for desk in ordered(self.members(name), centre.order):
                one = next((one for one in self._stand_ins(desk, set()) if one.available), None)
                if one is not None:
                    found.setdefault(one.code, one)
            self._available[name] = list(found.values())
        return self._available[name]

    def _stand_ins(self, desk: Desk, seen: set[str]) -> Iterator[Desk]:
        """The agent, then who stands in for them, then for these …; each once."""
        if desk.code in seen:
            return
        seen.add(desk.code)
        yield desk
        match desk.agent.substitute:
            case ToCentre(centre=name):
                for member in self.members(name):
                    yield from self._stand_ins(member, seen)
            case str(code) if code in self._desks:
                yield from self._stand_ins(self._desks[code], seen)

    # Who waits

    def snapshot(self) -> dict[str, dict[str, int]]:
        """Centre → logged_in, available, waiting: what expressions see."""
        return {name: self.counts(name) for name in self._centres}

    def counts(self, name: str) -> dict[str, int]:
        """logged_in, available and waiting of one centre."""
        return {
            "logged_in": len(self.logged_in(name)),
            "available": len(self.available(name)),
            "waiting": self.waiting(name),
        }

    def waiting(self, name: str) -> int:
        """Calls that wait for the centre."""
        return self._queue.waiting(name)

    def position(self, ticket: Ticket) -> int:
        """Place in the queue of the centre, from 1."""
        return self._queue.position(ticket)

    def waiters(self) -> list[tuple[Ticket, Offer]]:
        """The calls that wait, those of each centre in the order in which they are served."""
        return [(ticket, self._waiters[ticket]) for ticket in self._queue.tickets]

    def join(self, ticket: Ticket, offer: Offer) -> None:
        """A call waits from now on."""
        self._queue.join(ticket)
        self._waiters[ticket] = offer
        self._offers.update({offer.facts.call: offer, offer.facts.channel: offer})

    def leave(self, ticket: Ticket, offer: Offer, outcome: str) -> None:
        """It waits no longer. outcome: what has become of it."""
        self._queue.leave(ticket)
        del self._waiters[ticket]
        self.ended[ticket.centre, outcome] += 1
        for key in (offer.facts.call, offer.facts.channel):
            if self._offers.get(key) is offer:
                del self._offers[key]
        self.wake()

    def offer(self, call: str, session: AgentSession) -> Offer | None:
        """The waiting call of that id or channel, if the agent has been shown it."""
        offer = self._offers.get(call)
        return offer if offer is not None and offer.knows(session) else None

    def forget(self, session: AgentSession) -> None:
        """The agent has left: no call waits for an answer of theirs."""
        for offer in set(self._offers.values()):
            offer.forget(session)

    def first_for(self, desk: Desk, ticket: Ticket) -> bool:
        """True when no call that wants this agent comes before that of `ticket`."""
        return self._queue.first(ticket, desk, self._centres_of.get(desk.code, set()))

    async def searching(self, name: str) -> None:
        """Called as a search begins; the simulator overrides it to ask what the search should return."""

    def answered_after(self, name: str, seconds: float) -> None:
        """Note how long a call waited until it was taken."""
        known = self._mean_wait.get(name)
        self._mean_wait[name] = seconds if known is None else 0.8 * known + 0.2 * seconds

    def expected_wait(self, name: str, position: int) -> float | None:
        """Seconds until a call at `position` (from 1) is taken: the moving average of the waits of the calls
        taken before, times the position; None before the first."""
        mean = self._mean_wait.get(name)
        return None if mean is None else mean * position

    # Who has whom

    async def reserve(self, desk: Desk, phase: Phase = "offered", work: Work | None = None) -> bool:
        """Hold an agent who is to be asked, or has asked for a call, `work`; False when somebody was faster."""
        claim = await self._claims.reserve(desk.code)
        if claim is None:
            return False
        desk.asked_last = next(self._asked)
        desk.hold(claim, phase, work or Work())
        return True

    async def claim(self, desk: Desk, call: str, phase: Phase = "connecting") -> bool:
        """Take the call and the agent, whom we may have reserved, both or neither."""
        reserved = desk.claim
        claim = await self._claims.claim(call, desk.code, reserved)
        if claim is None:
            return False
        desk.hold(claim, phase, Work(call, desk.work.centre if reserved is not None else ""))
        return True

    async def release(self, desk: Desk, *, rest: float = 0.0) -> None:
        """The agent is free again, after `rest` seconds of wrap-up."""
        claim = desk.claim
        if claim is not None:
            await self._claims.release(claim)
            gone = self._leaving.pop(desk.code, None) is desk
            desk.free(rest=0.0 if gone else rest)

    # Waking

    @property
    def changed(self) -> asyncio.Event:
        """Set when an agent or a queue changes. Take it before looking at who is free: a change in between is then
        not missed."""
        return self._changed

    def _on_desk(self, desk: Desk) -> None:
        self._logged_in.clear()
        self._available.clear()
        # An agent who is busy now is news only to those whom somebody else may serve instead. Measured with 100 calls
        # that wait and 150 agents: waking them all for it is three quarters of what an accepted call costs.
        if desk.claim is None or not desk.logged_in or self._substitutes:
            self.wake()
        self._diary.changed(desk)
        if desk.session is not None:
            desk.session.tell_state()

    def wake(self) -> None:
        """Let all who wait look again at who is free."""
        # A fresh event for the next wait: everybody who waits now is woken once.
        self._logged_in.clear()
        self._available.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """The server stops: log everybody out and stop the clocks."""
        for desk in self._desks.values():
            if desk.session is not None:
                desk.session.close(ending="stopped")
            desk.close()
        self._diary.close()
