"""An agent who is logged in: what they may say, and how they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.centres.chronicle import Ending, SessionFact
from engine.centres.events import AgentEvent, CallFacts, Code, Send, StateEvent
from engine.centres.texts import reason

if TYPE_CHECKING:
    from engine.centres.centres import Centres
    from engine.centres.desk import Desk

DEFAULT_REASON = "-"
"""Of an agent who does not say why they do not want to be disturbed."""


class AgentSession:
    """From log-in to log-out, or until the connection is lost. Nothing here raises: what makes no sense now is
    answered by an event, or changes nothing."""

    def __init__(self, centres: Centres, desk: Desk, extension: str, send: Send, language: str) -> None:
        """extension: where calls reach the agent; empty for the phone of the directory."""
        self.desk = desk
        self.extension = extension
        self.language = language
        self.open = True
        self._centres = centres
        self._send = send
        self._told = StateEvent("")
        self._fact = SessionFact(agent=desk.code, extension=extension or desk.agent.phone or "")
        centres.chronicle.begins(self._fact)

    def send(self, event: AgentEvent | StateEvent) -> None:
        """Tell the agent, if they are still there."""
        if self.open:
            self._send(event)

    def tell_state(self) -> None:
        """Tell the agent what they are doing, if they have not been told."""
        desk = self.desk
        now = StateEvent(desk.state.value, desk.unavailable or "", round(desk.rest, 1))
        if now.state != self._told.state or now.reason != self._told.reason:
            self._told = now
            self.send(now)

    def accept(self, call: str) -> None:
        """The agent wants a call, which they name by its id or its channel."""
        offer = self._centres.offer(call, self)
        if offer is None:
            unknown = CallFacts(call, cli="", caller="", did="", channel="")
            self.send(AgentEvent(Code.ENDED, unknown, reason=reason("not_waiting", self.language)))
        else:
            offer.accept(self)

    def reject(self, call: str) -> None:
        """The agent, who was asked alone, does not want it."""
        offer = self._centres.offer(call, self)
        if offer is not None:
            offer.reject(self)

    def call(self, number: str, *, record: bool = False) -> None:
        """The agent wants to be connected with a number: their phone rings first. What comes of it is told (`F`, or
        `C` and `T`). record: record the conversation."""
        if self._centres.on_call_wanted is not None:
            self._centres.on_call_wanted(self.desk, number, record)
        else:
            self.send(AgentEvent(Code.FAILED, number=number, reason=reason("no_calls", self.language)))

    def be_unavailable(self, why: str = "") -> None:
        """No calls until `be_available`; one that the agent has stays."""
        self.desk.disturb(why.strip()[:100] or DEFAULT_REASON)

    def be_available(self) -> None:
        """The agent takes calls; ends the rest after a call, too."""
        self.desk.end_rest()
        self.desk.disturb(None)

    def close(self, *, linger: float = 0.0, ending: Ending = "logged_out") -> None:
        """Log out. linger: the connection was lost; the agent may come back within so many seconds. ending: how it
        came to that. Idempotent."""
        if not self.open:
            return
        self.open = False
        self._fact.ending, self._fact.duration = ending, self._fact.elapsed()
        self._centres.chronicle.over(self._fact)
        self._centres.forget(self)
        self.desk.leave(self, linger=linger)

    def dismiss(self, why: str, *, linger: float = 0.0, ending: Ending = "dismissed") -> None:
        """Log the agent out, and tell them (`D`). linger, ending: see `close`."""
        self.send(AgentEvent(Code.DISABLED, reason=reason(why, self.language)))
        self.close(linger=linger, ending=ending)
