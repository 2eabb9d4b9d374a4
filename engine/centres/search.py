"""The search for an agent: the call is offered, somebody accepts, they are called and connected."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Literal, Self

from engine.centres.account import Account, Outcome
from engine.centres.chronicle import SearchFact
from engine.centres.desk import Desk, Work
from engine.centres.facts import facts_of, variables_of
from engine.centres.offer import Offer
from engine.centres.phones import Phones
from engine.centres.queue import Ticket
from engine.centres.reach import reach, ring
from engine.centres.waiting import Entertainment
from engine.errors import CallError, EngineError, NoChannel, OriginateError
from engine.lines import Cause, Leg
from engine.tasks import cancel, uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.nodes.agent_search import AgentSearch

Taken = tuple[Desk, Leg | None]
Step = Literal["acted", "idle", "done"]

TRIES = 2
"""How often a sequential search asks an agent who accepts and cannot be connected."""


class Search:
    """One call looking for one agent.

    Agents who are logged in are shown the call and accept it; then their phone is called. Those who have nothing but
    a telephone accept by answering it. Whatever cuts the search short, when it is left as a context everybody who was
    held for it is released and every leg hung up, except those of an agent who was connected.
    """

    def __init__(self, call: Call, node: AgentSearch, *, by_line: bool = False) -> None:
        """by_line: the line is to connect the two, and calls the agent who has accepted itself."""
        self._call = call
        self._node = node
        self._by_line = by_line
        self._centres = call.services.centres
        self._deadline = call.elapsed() + node.timeout
        self._ticket = Ticket(node.centre, node.priority, asyncio.get_running_loop().time(), self._wants)
        wait = SearchFact(call=call.record.id, node=call.record.path[-1].node, centre=node.centre, method=node.method)
        self.account = Account(self._centres.chronicle, wait)
        self._offer = Offer(facts_of(call), node.centre, variables_of(call), self.account)
        self._phones = Phones(call, self.account)
        self._work = Work(call.record.id, node.centre)
        self._asked: set[str] = set()
        """Agents who have had their chance."""
        self._failures: Counter[str] = Counter()
        self._held: Desk | None = None
        """Who is asked, or has accepted."""
        self._connecting = False
        self._late = False
        """The time is over: nobody is asked any more."""
        self._found: Taken | None = None
        self._waits = False
        self._since = 0.0
        """When it began to wait, in seconds from the start of the call."""
        self._outcome = "caller_hung_up"
        """Unless something else happens."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()
        await uninterrupted(self._let_go())
        # A caller who is still there has not hung up: the server stops, or the program has failed.
        cut = self._outcome == "caller_hung_up" and self._call.leg.alive
        self.account.over("interrupted" if cut else self._outcome)

    async def run(self) -> str:
        """Search until somebody has accepted, and is there (`transferred`: see `taken`), or another outcome of the
        node is reached. May be run again, for the time that is left, when the two could not be connected."""
        node, centres = self._node, self._centres
        await centres.searching(node.centre)
        if centres.find(node.centre) is None:
            self._call.warn(f"centre {node.centre!r} is not in the directory")
        if not self._callable():
            self._outcome = "nobody"
            return "nobody"
        if not self._waits:
            if node.max_waiting is not None and centres.waiting(node.centre) >= node.max_waiting:
                self._outcome = "full"
                return "full"
            centres.join(self._ticket, self._offer)
            self._waits, self._since = True, self._call.elapsed()
            if node.method == "broadcast":
                # At once, and not when the tasks of all the calls that have come with this one have had their turns.
                self._show()
        outcome = await self._wait()
        if outcome != "transferred":
            self._outcome = outcome
        return outcome

    def taken(self) -> Taken:
        """The agent who has accepted and their leg, None if the line is to connect the two: to be hung up by whoever
        asks. What comes of it is said by `connected` or `failed`."""
        if self._found is None:
            raise RuntimeError("nobody has taken this call")
        return self._found

    async def ring(self) -> Leg:
        """Call the agent who has accepted after all: the line cannot connect the two. The leg is part of `taken` from
        now on. Raises OriginateError or NoChannel."""
        desk, _ = self.taken()
        try:
            leg = await ring(self._call, self._node, desk)
        except OriginateError:
            raise
        except CallError as error:
            raise OriginateError(desk.code, Cause.FAILED, str(error)) from error
        self._found = desk, leg
        return leg

    def connected(self) -> Desk:
        """Agent and caller are connected: the call waits no longer. The agent is to be released by whoever asks."""
        desk, _ = self.taken()
        self._outcome = "transferred"
        self.account.connected(desk.code)
        desk.talk()
        self._centres.answered_after(self._node.centre, self._call.elapsed() - self._since)
        self._leave()
        self._held = self._found = None
        return desk

    async def failed(self, error: EngineError) -> None:
        """The agent who had accepted could not be connected, and why: the call waits again."""
        desk = self._held
        cause = error.cause if isinstance(error, OriginateError) else Cause.FAILED
        self._call.note(f"agent {desk.code if desk else ''}: {error}")
        if desk is None:
            return
        self._failures[desk.code] += 1
        if desk.session is not None and self._failures[desk.code] < TRIES:
            self._asked.discard(desk.code)
        await uninterrupted(self._let_go())
        if self._node.method == "sequential" and desk.code in self._asked:
            self._offer.give_up(desk, cause)
        self._offer.fail(desk, cause)

    def _leave(self) -> None:
        """The call waits no longer."""
        if self._waits:
            self._waits = False
            self._centres.leave(self._ticket, self._offer, self._outcome)
            self._offer.close(self._outcome, name=self._held.agent.name if self._held else "")

    async def _wait(self) -> str:
        """Search, music and exit keys side by side; the first to end decides. Who has accepted before the time was
        over is connected all the same."""
        search = asyncio.ensure_future(self._search())
        sound = asyncio.ensure_future(Entertainment(self._call, self._node, self._ticket).run())
        key = asyncio.ensure_future(self._exit_key())
        try:
            left = max(0.0, self._deadline - self._call.elapsed())
            done, _ = await asyncio.wait({search, key}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not done and self._connecting:
                self._late = True
                await asyncio.wait({search, key}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(search, key, sound)
        if self._found is not None:
            return "transferred"
        await uninterrupted(self._let_go())
        if not search.cancelled():
            return search.result()
        return "key" if not key.cancelled() and key.exception() is None else "timeout"

    async def _exit_key(self) -> None:
        if not self._node.exit_keys:
            await asyncio.get_running_loop().create_future()
        while await self._call.read_key(None) not in self._node.exit_keys:
            pass

    async def _search(self) -> str:
        """Return when somebody has taken the call; or with the outcome: `nobody` when the last agent has logged out,
        `timeout` when a sequential search has asked everybody."""
        step = self._broadcast if self._node.method == "broadcast" else self._sequential
        try:
            while self._found is None and not self._late:
                if not self._callable():
                    return "nobody"
                changed = self._centres.changed
                self._offer.stirred.clear()
                await self._phones.drop("lost", lambda desk: not desk.logged_in)
                happened = "acted" if await self._phone_answered() else await step()
                if happened == "done":
                    break
                if happened == "idle":
                    await _first(changed, self._offer.stirred, self._phones.tasks)
        finally:
            await uninterrupted(self._stop_ringing("withdrawn"))
        return "timeout"

    # Who may be asked

    def _callable(self) -> list[Desk]:
        return self._those(self._centres.logged_in(self._node.centre))

    def _free(self) -> list[Desk]:
        """Agents who may be asked now, in the order of asking."""
        return self._those(self._centres.available(self._node.centre))

    def _those(self, desks: list[Desk]) -> list[Desk]:
        """Of these, the agents who may be called. Asked by every call that waits each time that anybody moves."""
        return [desk for desk in desks if self._may_be_called(desk)] if self._node.sip_only else desks

    def _may_be_called(self, desk: Desk) -> bool:
        return not self._node.sip_only or desk.phone.startswith("sip:")

    def _wants(self, desk: Desk) -> bool:
        """Whether this search would ask the agent by itself now: not while it has somebody, or asks another one; and
        who is logged in chooses among the calls of a broadcast."""
        if self._held is not None or (self._node.method == "sequential" and self._phones.tasks):
            return False
        choosing = self._node.method == "broadcast" and desk.session is not None
        return not choosing and desk.code not in self._asked and self._may_be_called(desk)

    def _next(self) -> list[Desk]:
        """Those who are to be asked by this search now; who could not be connected comes last."""
        free = [d for d in self._free() if self._wants(d) and self._centres.first_for(d, self._ticket)]
        return sorted(free, key=lambda desk: self._failures[desk.code])

    # The two methods

    async def _broadcast(self) -> Step:
        """Show the call to everybody who is free, and connect who has asked for it."""
        self._show()
        for desk in self._next():
            await self._ring(desk, self._node.timeout)
        asker = self._offer.next_asker()
        if asker is None:
            return "idle"
        await self._serve(asker)
        return "acted"

    async def _serve(self, asker: Desk) -> None:
        """Connect an agent who has asked for the call, unless somebody else has them."""
        asker.missed = False
        if not await self._centres.reserve(asker, "connecting", self._work):
            return
        asker.end_rest()
        if self._node.method == "sequential":
            self._asked.add(asker.code)
        await self._accepted(asker)

    def _show(self) -> None:
        for desk in self._free():
            self._offer.show(desk)

    async def _sequential(self) -> Step:
        """Ask one agent after another, each for the centre's answer delay; first, who could not be connected, sees it
        wait again and asks for it."""
        asker = self._offer.next_asker()
        if asker is not None:
            await self._serve(asker)
            return "acted"
        if self._phones.tasks:
            return "idle"
        if not any(desk.code not in self._asked for desk in self._callable()):
            return "done"
        free = self._next()
        if not free:
            return "idle"
        centre = self._centres.find(self._node.centre)
        delay = min(centre.answer_delay if centre else self._node.timeout, self._node.timeout)
        asked = await (self._ring if free[0].session is None else self._ask)(free[0], delay)
        return "acted" if asked else "idle"

    # Those with nothing but a telephone

    async def _ring(self, desk: Desk, seconds: float) -> bool:
        """Let the phone of a free agent ring. False when somebody else has them."""
        if not await self._centres.reserve(desk, work=self._work):
            return False
        self._asked.add(desk.code)
        self._phones.ring(desk, seconds)
        self._leave_others()
        return True

    async def _phone_answered(self) -> bool:
        """True when a phone has been answered, the first of them; its agent is connected, unless they are gone
        already."""
        answered = await self._phones.answered()
        if answered is None:
            return False
        await self._accepted(*answered)
        return True

    async def _stop_ringing(self, why: Outcome) -> None:
        """Who did not get the chance to answer may be asked again."""
        for desk in await self._phones.drop(why):
            self._asked.discard(desk.code)

    # Those who are logged in

    async def _ask(self, desk: Desk, seconds: float) -> bool:
        """Ask one agent alone, and connect them if they accept. False when somebody else has them."""
        if not await self._centres.reserve(desk, work=self._work):
            return False
        self._held = desk
        self._asked.add(desk.code)
        self._leave_others()
        answer = await self._offer.ask(desk, seconds)
        if answer == "accepted":
            await self._accepted(desk)
            return True
        self._call.note(f"agent {desk.code}: {answer or 'did not answer'}")
        if answer is None:
            desk.miss()
        elif answer == "lost":
            # They have had no chance: they may be back in a second.
            self._asked.discard(desk.code)
        self.account.ended(desk.code, "unanswered" if answer is None else "rejected")
        self._offer.withdraw(desk, "unanswered" if answer is None else "rejected")
        await uninterrupted(self._let_go())
        return True

    def _leave_others(self) -> None:
        """Whom a sequential search does not ask now is there for the calls behind it."""
        if self._node.method == "sequential":
            self._centres.wake()

    # Both

    async def _accepted(self, desk: Desk, leg: Leg | None = None) -> None:
        """An agent who is reserved for us has accepted, with `leg` by answering their phone: see that they are
        there."""
        self._held, self._connecting = desk, True
        try:
            await uninterrupted(self._stop_ringing("taken"))
            self._found = desk, await self._reach(desk, leg)
        except (OriginateError, CallError, NoChannel) as error:
            await self.failed(error)
        except BaseException:
            if leg is not None:
                await uninterrupted(leg.hangup())
            raise
        finally:
            self._connecting = False

    async def _reach(self, desk: Desk, leg: Leg | None) -> Leg | None:
        return await reach(self._call, self._node, self._offer, desk, leg, by_line=self._by_line)

    async def _let_go(self) -> None:
        """The call goes without the agent whom it had."""
        (_, leg), desk = self._found or (None, None), self._held
        self._found = self._held = None
        if leg is not None:
            await leg.hangup()
        if desk is not None:
            await self._centres.release(desk)


async def _first(changed: asyncio.Event, stirred: asyncio.Event, phones: set[asyncio.Task[Leg]]) -> None:
    """Wait until something happens."""
    waits = [asyncio.ensure_future(changed.wait()), asyncio.ensure_future(stirred.wait())]
    try:
        await asyncio.wait({*waits, *phones}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
