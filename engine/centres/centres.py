"""Who is free now, and who waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from engine.centres.directory import Agent, Centre, Directory


class Centres:
    """Live state of the centres of one server. An agent whose phone rings or talks is busy: one call at a time."""

    def __init__(self, directory: Directory) -> None:
        self._agents = {agent.code: agent for agent in directory.agents}
        self._centres = {centre.name: centre for centre in directory.centres}
        self._busy: set[str] = set()
        self._queues: dict[str, list[object]] = {}
        self._changed = asyncio.Event()
        self._mean_wait: dict[str, float] = {}

    def find(self, name: str) -> Centre | None:
        """The centre of that name."""
        return self._centres.get(name)

    def phone_of(self, code: str) -> str | None:
        """The phone of the agent with that code, which is their extension; None for anybody else."""
        agent = self._agents.get(code)
        return agent.phone if agent is not None and agent.active else None

    def logged_in(self, name: str) -> list[Agent]:
        """Agents of the centre who can be called at all: active, with a phone; in the centre's order."""
        centre = self._centres.get(name)
        if centre is None:
            return []
        agents = (self._agents[code] for code in centre.agents)
        return [agent for agent in agents if agent.active and agent.phone]

    def available(self, name: str) -> list[Agent]:
        """Those of them who are free."""
        return [agent for agent in self.logged_in(name) if agent.code not in self._busy]

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
        return len(self._queues.get(name, ()))

    @contextmanager
    def queued(self, name: str, ticket: object) -> Iterator[None]:
        """Stand in the centre's queue while the body runs."""
        queue = self._queues.setdefault(name, [])
        queue.append(ticket)
        try:
            yield
        finally:
            queue.remove(ticket)
            self._notify()

    def position(self, name: str, ticket: object) -> int:
        """Place in the queue, from 1."""
        return self._queues[name].index(ticket) + 1

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

    def claim(self, agent: Agent) -> bool:
        """Take the agent for one call; False when another call has them. No await between test and set."""
        if agent.code in self._busy:
            return False
        self._busy.add(agent.code)
        return True

    def release(self, agent: Agent, *, after: float = 0.0) -> None:
        """The agent is free again, `after` seconds of wrap-up."""
        if after > 0:
            asyncio.get_running_loop().call_later(after, self.release, agent)
            return
        self._busy.discard(agent.code)
        self._notify()

    @property
    def changed(self) -> asyncio.Event:
        """Set when an agent is released or a queue moves. Take it before looking at who is free: a release in
        between is then not missed."""
        return self._changed

    def _notify(self) -> None:
        # A fresh event for the next wait: everybody who waits now is woken once.
        self._changed.set()
        self._changed = asyncio.Event()
