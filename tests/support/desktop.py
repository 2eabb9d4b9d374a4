"""An agent's computer: what it was told, and what it says by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.centres.events import AgentEvent, StateEvent
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions


class Desktop:
    """Keeps every event. `reacts` maps a letter to what is done at once with the session and the event's call."""

    def __init__(self, **reacts: Callable[[AgentSession, str], Any]) -> None:
        self.events: list[AgentEvent] = []
        self.states: list[str] = []
        self.session: AgentSession | None = None
        self._reacts = reacts

    @property
    def letters(self) -> str:
        """The events so far, by their letters."""
        return "".join(event.code for event in self.events)

    @property
    def last(self) -> AgentEvent:
        return self.events[-1]

    async def log_in(self, sessions: Sessions, code: str, password: str = "secret", extension: str = "") -> Desktop:
        self.session = await sessions.open(code, password, extension, self.receive)
        return self

    def receive(self, event: AgentEvent | StateEvent) -> None:
        if isinstance(event, StateEvent):
            self.states.append(event.state)
            return
        self.events.append(event)
        react = self._reacts.get(event.code.name.lower())
        if react is not None and self.session is not None and event.facts is not None:
            react(self.session, event.facts.call)
