"""The search for an agent, on telephones alone: a phone that answers has accepted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.call.talk import dial, play_to
from engine.centres.directory import Agent
from engine.centres.waiting import Entertainment
from engine.errors import CallError, LegGone, NoChannel, OriginateError
from engine.lines import Leg
from engine.tasks import cancel, uninterrupted

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.nodes.agent_search import AgentSearch

Taken = tuple[Agent, Leg]


class Search:
    """One call looking for one agent.

    An agent whose phone rings, or who has taken the call, is claimed. Whatever cuts the search short, every claim is
    released and every leg hung up, except those of the agent whom `taken` gives to the caller of `run`.
    """

    def __init__(self, call: Call, node: AgentSearch) -> None:
        self._call = call
        self._node = node
        self._centres = call.services.centres
        self._deadline = call.elapsed() + node.timeout
        self._asked: set[str] = set()
        """Agents who have had their chance."""
        self._ringing: dict[asyncio.Task[Leg], Agent] = {}
        self._found: Taken | None = None

    def taken(self) -> Taken:
        """The agent who took the call and their leg; from now on they are the caller's to hang up and release."""
        if self._found is None:
            raise RuntimeError("nobody has taken this call")
        found, self._found = self._found, None
        return found

    async def run(self) -> str:
        """Search until somebody takes the call or an outcome of the node is reached. May be run again, for the
        time that is left, when the agent found has hung up before being connected."""
        node, centres = self._node, self._centres
        await centres.searching(node.centre)
        if centres.find(node.centre) is None:
            self._call.warn(f"centre {node.centre!r} is not in the directory")
        if not self._callable():
            return "nobody"
        if node.max_waiting is not None and centres.waiting(node.centre) >= node.max_waiting:
            return "full"
        began = self._call.elapsed()
        try:
            with centres.queued(node.centre, self):
                outcome = await self._wait()
        except BaseException:
            await uninterrupted(self._let_go())
            raise
        if outcome == "transferred":
            centres.answered_after(node.centre, self._call.elapsed() - began)
        return outcome

    def _callable(self) -> list[Agent]:
        agents = self._centres.logged_in(self._node.centre)
        return [a for a in agents if not self._node.sip_only or (a.phone or "").startswith("sip:")]

    async def _wait(self) -> str:
        """Search, music and exit keys side by side; the first to end decides."""
        search = asyncio.ensure_future(self._search())
        sound = asyncio.ensure_future(Entertainment(self._call, self._node, self).run())
        key = asyncio.ensure_future(self._exit_key())
        try:
            left = max(0.0, self._deadline - self._call.elapsed())
            await asyncio.wait({search, key}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(search, key, sound)
        if self._found is not None:
            return "transferred"
        if not search.cancelled() and (error := search.exception()):
            raise error
        if not key.cancelled() and key.exception() is None:
            return "key"
        return "timeout"

    async def _exit_key(self) -> None:
        if not self._node.exit_keys:
            await asyncio.get_running_loop().create_future()
        while await self._call.read_key(None) not in self._node.exit_keys:
            pass

    async def _search(self) -> None:
        """Return when somebody has taken the call, or when a sequential search has asked everybody."""
        try:
            while True:
                await (self._broadcast() if self._node.method == "broadcast" else self._sequential())
                await uninterrupted(self._withdraw())
                if self._found is None or await self._introduced(self._found[1]):
                    return
                self._call.note(f"agent {self._found[0].code} hung up before being connected")
                await uninterrupted(self._let_go())
        finally:
            await uninterrupted(self._withdraw())

    async def _introduced(self, leg: Leg) -> bool:
        """True when the agent has heard what they must know and is still there."""
        try:
            if self._node.whisper:
                await play_to(self._call, leg, self._node.whisper)
        except LegGone:
            return False
        return leg.alive

    def _free(self) -> list[Agent]:
        free = {agent.code for agent in self._centres.available(self._node.centre)}
        return [a for a in self._callable() if a.code in free and a.code not in self._asked]

    async def _broadcast(self) -> None:
        """Ring everybody who is free or becomes free, until the first answers."""
        while self._found is None:
            changed = self._centres.changed
            for agent in self._free():
                self._ring(agent, self._node.timeout)
            waiting = asyncio.ensure_future(changed.wait())
            try:
                await asyncio.wait({*self._ringing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            self._collect()

    async def _sequential(self) -> None:
        """Ring one after another, each for the centre's answer delay, until one answers or all were asked."""
        centre = self._centres.find(self._node.centre)
        delay = centre.answer_delay if centre else self._node.timeout
        while self._found is None and {agent.code for agent in self._callable()} - self._asked:
            changed = self._centres.changed
            free = self._free()
            if not free:
                await changed.wait()
                continue
            self._ring(free[0], min(delay, self._node.timeout))
            await asyncio.wait(set(self._ringing))
            self._collect()

    def _ring(self, agent: Agent, seconds: float) -> None:
        """Claim a free agent and let their phone ring."""
        if self._centres.claim(agent):
            self._asked.add(agent.code)
            task = asyncio.ensure_future(dial(self._call, agent.phone or "", timeout=seconds))
            self._ringing[task] = agent

    def _collect(self) -> None:
        """See whose phone has stopped ringing: the first to have answered has the call."""
        for task in [task for task in self._ringing if task.done()]:
            if self._found is not None:
                return
            agent = self._ringing.pop(task)
            try:
                self._found = (agent, task.result())
            except OriginateError as error:
                self._call.note(str(error))
                self._centres.release(agent)
            except (CallError, NoChannel) as error:
                self._call.warn(f"agent {agent.code}: {error}")
                self._centres.release(agent)
            except BaseException:
                self._centres.release(agent)
                raise

    async def _withdraw(self) -> None:
        """Stop ringing. A phone that answered at the very same moment is hung up; who did not get the chance to
        answer may be asked again."""
        for task in self._ringing:
            task.cancel()
        while self._ringing:
            task, agent = next(iter(self._ringing.items()))
            await asyncio.wait({task})
            if not task.cancelled() and task.exception() is None:
                await task.result().hangup()
            del self._ringing[task]
            self._asked.discard(agent.code)
            self._centres.release(agent)

    async def _let_go(self) -> None:
        """The call goes without the agent who had taken it."""
        if self._found is not None:
            agent, leg = self.taken()
            await leg.hangup()
            self._centres.release(agent)
