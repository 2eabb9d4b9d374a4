"""One agent as the centres see them now: logged in or not, free or not, with which call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.centres.claims import Claim
from engine.centres.directory import Agent

if TYPE_CHECKING:
    from engine.centres.session import AgentSession

Phase = Literal["offered", "connecting", "on_call"]


class Work(NamedTuple):
    """With which call an agent is busy: its id, and the centre for which it waited. Empty where there is none."""

    call: str = ""
    centre: str = ""


class AgentState(StrEnum):
    """What an agent is doing."""

    LOGGED_OUT = "logged_out"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    """Does not want to be disturbed; the desk has the reason."""
    OFFERED = "offered"
    """Is being asked, alone, or their phone rings with a call that nobody has accepted yet."""
    CONNECTING = "connecting"
    """Has accepted a call; their phone rings."""
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    NOT_RESPONDING = "not_responding"
    """Did not answer when asked; gets no call until they say that they are there."""


class Desk:
    """The state is never stored: it follows from who is logged in, who holds the agent, and what they have said."""

    def __init__(self, agent: Agent, now: float, changed: Callable[[Desk], None], today: Callable[[], date]) -> None:
        """now: as `asyncio`'s clock has it. changed: called after each change of state. today: the date here."""
        self.agent = agent
        self.session: AgentSession | None = None
        self.unavailable: str | None = None
        """Why the agent does not want to be disturbed; None when they do not mind."""
        self.missed = False
        self.free_since = now
        self.asked_last = 0
        """Grows with each time that this desk was asked, over all desks of the centres: who was asked last has the
        greatest."""
        self._extension = ""
        """Given at log-in."""
        self._claim: Claim | None = None
        self._phase: Phase = "offered"
        self._work = Work()
        self._rest: asyncio.TimerHandle | None = None
        self._lingers: asyncio.TimerHandle | None = None
        self._changed = changed
        self._today = today
        self._day = today()
        self._calls = 0
        """Taken on that day."""

    @property
    def code(self) -> str:
        """Of the agent."""
        return self.agent.code

    @property
    def phone(self) -> str:
        """Where calls reach the agent now; empty when nowhere."""
        return self._extension or self.agent.phone or ""

    @property
    def logged_in(self) -> bool:
        """True when the agent counts as being there: logged in, or cut off a moment ago, or reached by telephone
        alone."""
        if not self.agent.active or not self.phone:
            return False
        return self.session is not None or self._lingers is not None or not self.agent.logs_in

    @property
    def calls(self) -> int:
        """Calls taken since midnight."""
        if (today := self._today()) != self._day:
            self._day, self._calls = today, 0
        return self._calls

    @property
    def claim(self) -> Claim | None:
        """Whoever has the agent."""
        return self._claim

    @property
    def state(self) -> AgentState:
        """What the agent is doing."""
        if self._claim is not None:
            return AgentState(self._phase)
        if self._rest is not None:
            return AgentState.WRAP_UP
        if not self.logged_in or (self.session is None and self._lingers is not None):
            return AgentState.LOGGED_OUT
        if self.unavailable is not None:
            return AgentState.UNAVAILABLE
        return AgentState.NOT_RESPONDING if self.missed else AgentState.AVAILABLE

    @property
    def work(self) -> Work:
        """The call that the agent has, or rests after."""
        return self._work if self._claim is not None or self._rest is not None else Work()

    @property
    def rest(self) -> float:
        """Seconds of rest after a call that are left."""
        return 0.0 if self._rest is None else max(0.0, self._rest.when() - asyncio.get_running_loop().time())

    @property
    def available(self) -> bool:
        """True when a call may be offered to the agent now."""
        return self.state is AgentState.AVAILABLE

    @property
    def may_ask(self) -> bool:
        """True when the agent can have a call that they ask for: also one who rests, or does not want to be disturbed
        by others."""
        return self.session is not None and self.logged_in and self._claim is None

    def hold(self, claim: Claim, phase: Phase, work: Work) -> None:
        """A call has the agent, or asks for them."""
        self._claim, self._phase, self._work = claim, phase, work
        self._changed(self)

    def talk(self, *, taken: bool = True) -> None:
        """Agent and caller are connected. taken: it is a call that they were given, not one that they made."""
        self._phase = "on_call"
        self._calls = self.calls + taken
        self._changed(self)

    def free(self, *, rest: float = 0.0) -> None:
        """The call has the agent no longer; they rest for so many seconds first."""
        self._claim = None
        self.end_rest()
        loop = asyncio.get_running_loop()
        self.free_since = loop.time() + rest
        if rest > 0:
            self._rest = loop.call_later(rest, self.end_rest)
        self._changed(self)

    def end_rest(self) -> None:
        """The rest after a call is over, by itself or because the agent wants the next one."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
            self.free_since = asyncio.get_running_loop().time()
            self._changed(self)

    def sit(self, session: AgentSession) -> None:
        """The agent has logged in, or is back."""
        self._forget()
        self.session, self._extension = session, session.extension
        self._changed(self)

    def leave(self, session: AgentSession, *, linger: float = 0.0) -> None:
        """The session is over. linger: seconds during which the agent still counts as logged in, and is given no
        call: who was cut off comes back and goes on as before; afterwards, all that they have said is forgotten."""
        if self.session is not session:
            return
        self.session = None
        if linger > 0:
            self._lingers = asyncio.get_running_loop().call_later(linger, self._gone)
        else:
            self._reset()
        self._changed(self)

    def disturb(self, unless: str | None) -> None:
        """The agent takes calls, or does not, for the reason given. Either way they are there."""
        self.unavailable, self.missed = unless, False
        self._changed(self)

    def miss(self) -> None:
        """The agent did not answer when asked."""
        self.missed = True
        self._changed(self)

    def close(self) -> None:
        """Stop the clocks: the server stops, or the agent is no more."""
        self._forget()
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _forget(self) -> None:
        if self._lingers is not None:
            self._lingers.cancel()
            self._lingers = None

    def _gone(self) -> None:
        self._lingers = None
        self._reset()
        self._changed(self)

    def _reset(self) -> None:
        self._extension, self.unavailable, self.missed = "", None, False
