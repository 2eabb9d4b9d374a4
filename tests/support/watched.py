"""Agents' desktops that look closely at what they are told, and the callers and phones of a house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.virtual import Party
from engine.centres.events import AgentEvent, Code, StateEvent
from engine.centres.session import AgentSession
from engine.centres.texts import reason
from engine.lines import Cause

NOT_WAITING = reason("not_waiting", "en")


class Watched:
    """One session of an agent: what it is told of each call must be in order, to the end."""

    def __init__(self, code: str, on_asked: Callable[[str, str], None]) -> None:
        """on_asked: told of each `?`, with the agent and the call."""
        self.code = code
        self.session: AgentSession | None = None
        self.calls: dict[str, str] = {}
        """Call → shown, asked or hidden; those that have ended (`T`) are in it no more."""
        self.state = ""
        self.closed = False
        self._on_asked = on_asked

    def receive(self, event: AgentEvent | StateEvent) -> None:
        assert not self.closed, f"{event} after the end"
        if isinstance(event, StateEvent):
            self.state = event.state
        elif event.facts is None:
            self.closed = event.code is not Code.ACCEPTED
        else:
            self._of_call(event, event.facts.call)

    def _of_call(self, event: AgentEvent, call: str) -> None:
        now = self.calls.get(call)
        match event.code:
            case Code.PENDING:
                assert now is None, f"{call} shown while {now}"
                self.calls[call] = "shown"
            case Code.ASKED:
                assert now in (None, "shown"), f"{call} asked while {now}"
                self.calls[call] = "asked"
                self._on_asked(self.code, call)
            case Code.HIDE:
                assert now in ("shown", "asked"), f"{call} hidden while {now}"
                self.calls[call] = "hidden"
            case Code.EXECUTE:
                # Who sat down while their phone was ringing has accepted what they had not been shown.
                assert now in (None, "hidden"), f"{call} popped while {now}"
            case Code.SHOW:
                assert now == "hidden", f"{call} shown again while {now}"
                self.calls[call] = "shown"
            case Code.ENDED if event.reason == NOT_WAITING:
                assert now is None, f"{call} waits no longer, and is {now}"
            case Code.ENDED:
                assert now is not None, f"{call} ended twice"
                del self.calls[call]
            case _:
                raise AssertionError(event)


@dataclass
class Phone:
    """The telephone of an agent: a search that rings it while it is busy gives the agent two calls."""

    code: str
    on_ring: Callable[[str, str], None]
    """Told of each call that rings, with the agent and the caller's number."""
    may_ring: Callable[[str], bool]
    """Whether who has that number is no search's caller, and calls an agent whom a search may have."""
    answers: float | None = 1.0
    """Seconds until it is answered; None: never."""
    fails: Cause | None = None
    """How it ends instead of being answered."""
    parties: list[Party] = field(default_factory=list)

    @property
    def live(self) -> list[Party]:
        return [party for party in self.parties if party.leg.alive]

    def __call__(self, party: Party) -> None:
        if self.live:
            numbers = [one.leg.info.cli for one in (party, *self.live)]
            assert any(map(self.may_ring, numbers)), f"two calls at the phone of {self.code}"
            party.hang_up(Cause.BUSY)
            return
        self.parties.append(party)
        self.on_ring(self.code, party.leg.info.cli)
        if self.answers is None:
            return
        loop = asyncio.get_running_loop()
        if self.fails is None:
            loop.call_later(self.answers, party.leg.accept)
        else:
            loop.call_later(self.answers, party.hang_up, self.fails)


@dataclass
class Caller:
    """A call, as the model knows it."""

    party: Party
    number: int
    """The order of arrival."""
    centre: str
    method: str
    priority: int
    until: float
    asked: set[str] = field(default_factory=set)
    idle: bool = False
    """Nobody was being asked when everything had last come to rest, nor since."""

    @property
    def id(self) -> str:
        return self.party.leg.info.id

    @property
    def rank(self) -> tuple[int, int]:
        """The smaller, the sooner."""
        return -self.priority, self.number
