"""The search for an agent, on telephones alone: a phone that answers has accepted."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.call.talk import dial, play_to
from engine.centres.directory import Agent
from engine.centres.waiting import Entertainment
from engine.errors import CallError, LegGone, NoChannel
from engine.lines import Leg

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.nodes.agent_search import AgentSearch

Taken = tuple[Agent, Leg]


class Search:
    """One call looking for one agent. Whoever is found stays claimed; the caller of `run` releases them."""

    def __init__(self, call: Call, node: AgentSearch) -> None:
        self._call = call
        self._node = node
        self._centres = call.services.centres
        self._asked: set[str] = set()
        self._taken: Taken | None = None

    def taken(self) -> Taken:
        """The agent who took the call and their leg, after `run` has said `transferred`."""
        if self._taken is None:
            raise RuntimeError("nobody has taken this call")
        return self._taken

    async def run(self) -> str:
        """Search until somebody takes the call or an outcome of the node is reached."""
        node, centres = self._node, self._centres
        await centres.searching(node.centre)
        if centres.find(node.centre) is None:
            self._call.warn(f"centre {node.centre!r} is not in the directory")
        if not self._callable():
            return "nobody"
        if node.max_waiting is not None and centres.waiting(node.centre) >= node.max_waiting:
            return "full"
        began = self._call.elapsed()
        with centres.queued(node.centre, self):
            outcome = await self._wait()
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
        tasks = {search, key}
        try:
            await asyncio.wait(tasks, timeout=self._node.timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (search, key, sound):
                task.cancel()
            await asyncio.gather(search, key, sound, return_exceptions=True)
        if self._taken is not None:
            return "transferred"
        if search.done() and not search.cancelled() and (error := search.exception()):
            raise error
        if key.done() and not key.cancelled() and key.exception() is None:
            return "key"
        return "timeout"

    async def _exit_key(self) -> None:
        if not self._node.exit_keys:
            await asyncio.get_running_loop().create_future()
        while await self._call.read_key(None) not in self._node.exit_keys:
            pass

    async def _search(self) -> None:
        """Return when somebody has taken the call, or when a sequential search has asked everybody."""
        while True:
            taken = await (self._broadcast() if self._node.method == "broadcast" else self._sequential())
            if taken is None:
                return
            try:
                if self._node.whisper:
                    await play_to(self._call, taken[1], self._node.whisper)
                if taken[1].alive:
                    self._taken = taken
                    return
            except LegGone:
                self._call.log.info("agent %s hung up before being connected", taken[0].code)
            finally:
                if self._taken is None:
                    await taken[1].hangup()
                    self._centres.release(taken[0])

    def _free(self) -> list[Agent]:
        free = {agent.code for agent in self._centres.available(self._node.centre)}
        return [a for a in self._callable() if a.code in free and a.code not in self._asked]

    async def _broadcast(self) -> Taken:
        """Ring everybody who is free or becomes free; the first to answer."""
        ringing: dict[asyncio.Task[Leg], Agent] = {}
        try:
            while True:
                for agent in self._free():
                    if self._centres.claim(agent):
                        self._asked.add(agent.code)
                        ringing[asyncio.ensure_future(self._ring(agent, None))] = agent
                changed = asyncio.ensure_future(self._centres.change())
                try:
                    done, _ = await asyncio.wait({*ringing, changed}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    changed.cancel()
                    with suppress(asyncio.CancelledError):
                        await changed
                for task in [t for t in ringing if t in done]:
                    leg = self._answer(task)
                    agent = ringing[task]
                    if leg is not None:
                        del ringing[task]
                        return agent, leg
                    del ringing[task]
                    self._centres.release(agent)
        finally:
            await self._withdraw(ringing)

    async def _sequential(self) -> Taken | None:
        """Ring one after another, each for the centre's answer delay; None when everybody was asked."""
        centre = self._centres.find(self._node.centre)
        if centre is None:
            return None
        while {agent.code for agent in self._callable()} - self._asked:
            agent = next((a for a in self._free() if self._centres.claim(a)), None)
            if agent is None:
                await self._centres.change()
                continue
            self._asked.add(agent.code)
            task = asyncio.ensure_future(self._ring(agent, centre.answer_delay))
            ringing = {task: agent}
            try:
                await asyncio.wait({task})
                leg = self._answer(task)
                if leg is not None:
                    ringing.clear()
                    return agent, leg
            finally:
                await self._withdraw(ringing)
        return None

    async def _ring(self, agent: Agent, delay: float | None) -> Leg:
        timeout = self._node.timeout if delay is None else min(delay, self._node.timeout)
        return await dial(self._call, agent.phone or "", timeout=timeout)

    def _answer(self, task: asyncio.Task[Leg]) -> Leg | None:
        """The leg of a phone that answered; None, with the reason in the log, for one that did not."""
        try:
            return task.result()
        except (CallError, NoChannel) as error:
            self._call.log.info("%s", error)
            return None

    async def _withdraw(self, ringing: dict[asyncio.Task[Leg], Agent]) -> None:
        """Stop ringing; a phone that answered at the very same moment is hung up."""
        for task in ringing:
            task.cancel()
        for result in await asyncio.gather(*ringing, return_exceptions=True):
            if isinstance(result, Leg):
                await result.hangup()
        for agent in ringing.values():
            self._centres.release(agent)
