"""Who has whom: a call has one agent at most, an agent one call at most, whatever happens at the same moment.

A port, because several servers may share the agents: then both sides of a claim are taken in one step of a store
that all of them ask. This is the one for a single server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's hold on an agent, and on a call once that is claimed too.

    `fence` grows with every claim ever made: of two that speak of the same agent the greater is the one that holds,
    and what comes late with an older one does nothing.
    """

    agent: str
    fence: int
    call: str | None = None


class Claims(ABC):
    """Every method is one atomic step."""

    @abstractmethod
    async def reserve(self, agent: str) -> Claim | None:
        """Hold an agent who is being asked, or whose phone rings; None when somebody else has them."""

    @abstractmethod
    async def claim(self, call: str, agent: str, held: Claim | None = None) -> Claim | None:
        """Take the call and the agent, both or neither; None when either is taken.

        held: a reservation of ours, which the claim replaces; it is kept when the call is taken. Who has a call
        already is no reservation.
        """

    @abstractmethod
    async def release(self, claim: Claim) -> bool:
        """Give the agent back, and the call. False, and nothing happens, when the claim holds no longer."""

    @abstractmethod
    async def holder(self, agent: str) -> Claim | None:
        """The claim that holds an agent now."""


class LocalClaims(Claims):
    """Within one process: nothing is awaited between looking and taking."""

    def __init__(self) -> None:
        self._fence = 0
        self._agents: dict[str, Claim] = {}
        self._calls: dict[str, Claim] = {}

    async def reserve(self, agent: str) -> Claim | None:
        return None if agent in self._agents else self._take(agent, None)

    async def claim(self, call: str, agent: str, held: Claim | None = None) -> Claim | None:
        if call in self._calls or self._agents.get(agent) != held or (held is not None and held.call is not None):
            return None
        claim = self._take(agent, call)
        self._calls[call] = claim
        return claim

    async def release(self, claim: Claim) -> bool:
        if self._agents.get(claim.agent) != claim:
            return False
        del self._agents[claim.agent]
        if claim.call is not None:
            del self._calls[claim.call]
        return True

    async def holder(self, agent: str) -> Claim | None:
        return self._agents.get(agent)

    def _take(self, agent: str, call: str | None) -> Claim:
        self._fence += 1
        claim = self._agents[agent] = Claim(agent, self._fence, call)
        return claim
