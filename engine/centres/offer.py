"""What agents see of one call that waits, and what they say to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from engine.centres.account import Account
from engine.centres.desk import Desk
from engine.centres.events import AgentEvent, CallFacts, Code
from engine.centres.texts import Why
from engine.lines import Cause

if TYPE_CHECKING:
    from engine.centres.session import AgentSession

Answer = Literal["accepted", "rejected", "lost"]


class Offer:
    """One call at the desks of one centre.

    Events go to sessions, not to agents: who logs in anew is shown everything anew, and who has gone is told nothing.
    """

    def __init__(self, facts: CallFacts, centre: str, variables: Mapping[str, str], account: Account) -> None:
        self.facts = facts
        self.centre = centre
        self.stirred = asyncio.Event()
        """Set when an agent has asked for the call, or has answered; whoever waits for it clears it."""
        self._variables = variables
        self._account = account
        self._shown: dict[str, AgentSession] = {}
        self._askers: deque[AgentSession] = deque()
        self._asked: AgentSession | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._hidden = False

    def show(self, desk: Desk) -> None:
        """Tell an agent that the call waits for anybody (`P`), unless they know, or somebody is being connected."""
        session = desk.session
        if session is None or self._hidden or self._shown.get(desk.code) is session:
            return
        self._shown[desk.code] = session
        self._account.offered(desk.code, "all")
        session.send(AgentEvent(Code.PENDING, self.facts, self.centre, variables=self._variables))

    async def ask(self, desk: Desk, seconds: float) -> Answer | None:
        """Ask one agent alone (`?`). None when they did not answer in time; `lost` when they left meanwhile."""
        session = desk.session
        if session is None:
            return "lost"
        self._asked, self._answer = session, asyncio.get_running_loop().create_future()
        self._shown[desk.code] = session
        self._account.offered(desk.code, "alone")
        session.send(AgentEvent(Code.ASKED, self.facts, self.centre, variables=self._variables))
        try:
            async with asyncio.timeout(seconds):
                return await self._answer
        except TimeoutError:
            return None
        finally:
            self._asked = self._answer = None

    def next_asker(self) -> Desk | None:
        """Who asked for the call first of those who still can take it."""
        while self._askers:
            session = self._askers.popleft()
            if session.open and session.desk.may_ask:
                return session.desk
        return None

    # What agents say

    def knows(self, session: AgentSession) -> bool:
        """True when the agent has been shown the call."""
        return self._shown.get(session.desk.code) is session

    def accept(self, session: AgentSession) -> None:
        """The agent wants the call."""
        self._account.answered(session.desk.code)
        if session is self._asked:
            self._settle("accepted")
        elif session not in self._askers:
            self._askers.append(session)
            self.stirred.set()

    def reject(self, session: AgentSession) -> None:
        """The agent does not want the call; of interest only to whoever asked this one alone."""
        if session is self._asked:
            self._account.answered(session.desk.code)
            self._settle("rejected")

    def forget(self, session: AgentSession) -> None:
        """The agent has left."""
        if session is self._asked:
            self._settle("lost")
        if self._shown.get(session.desk.code) is session:
            del self._shown[session.desk.code]
            self._account.ended(session.desk.code, "lost")

    def _settle(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    # What becomes of the call

    def hide(self, taker: Desk) -> None:
        """`taker` has accepted and is being connected (`H`)."""
        self._hidden = True
        self._tell(Code.HIDE, "accepted", name=taker.agent.name)

    def execute(self, taker: Desk, command: str | list[str]) -> None:
        """Let the agent's computer show who calls (`X`)."""
        if taker.session is not None:
            taker.session.send(
                AgentEvent(Code.EXECUTE, self.facts, self.centre, command=command, variables=self._variables)
            )

    def fail(self, taker: Desk, cause: Cause) -> None:
        """The connection to `taker` has failed: the call waits again (`S`). Who has asked for it twice has to ask
        again."""
        self._hidden = False
        self._account.ended(taker.code, "failed")
        self._askers = deque(session for session in self._askers if session.desk is not taker)
        self._say(Code.SHOW, _not_connected(taker, cause))

    def give_up(self, taker: Desk, cause: Cause) -> None:
        """It has failed too often for `taker` to be asked again (`T`)."""
        self._withdraw(taker, _not_connected(taker, cause))

    def withdraw(self, desk: Desk, why: str) -> None:
        """The call is no longer for this agent (`T`)."""
        self._withdraw(desk, Why(why))

    def _withdraw(self, desk: Desk, why: Why) -> None:
        session = self._shown.pop(desk.code, None)
        if session is not None:
            session.send(AgentEvent(Code.ENDED, self.facts, self.centre, reason=why.text(session.language)))

    def close(self, why: str, **names: str) -> None:
        """The call waits no longer (`T`)."""
        self._tell(Code.ENDED, why, **names)
        self._shown.clear()
        self._askers.clear()

    def _tell(self, code: Code, why: str, **names: str) -> None:
        self._say(code, Why(why, names))

    def _say(self, code: Code, why: Why) -> None:
        for session in tuple(self._shown.values()):
            session.send(AgentEvent(code, self.facts, self.centre, reason=why.text(session.language)))


def _not_connected(taker: Desk, cause: Cause) -> Why:
    """With the cause where it says something to the agent: `failed` may mean anything."""
    name = {"name": taker.agent.name}
    if cause in (Cause.FAILED, Cause.NORMAL, Cause.CANCELLED):
        return Why("not_connected", name)
    return Why("not_connected_for", name, f"cause_{cause.value}")
