"""What the companion does with what it is told, whoever looks at it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from tools.agent import (
    AgentClient,
    Event,
    Lost,
    Message,
    PopRefused,
    Refused,
    ScreenPop,
    State,
    VariablesFile,
    Waiting,
    WaitingCalls,
)
from tools.flowctl.companion.sound import Ringer


@dataclass(frozen=True)
class Popped:
    """What became of a screen pop."""

    result: Literal["started", "refused", "ended"]
    call: str
    detail: str
    """The program or URL; or why it was refused; or how it ended, its status or `killed`."""
    why: str = ""
    """Of one that was refused: that of `PopRefused`, or `failed` where the system could not run it."""
    what: str = ""
    """The program or host that is not allowed."""


@dataclass(frozen=True)
class Trouble:
    """Something on this computer does not work, said in clear."""

    message: str


@dataclass(frozen=True)
class Ended:
    """The session is over."""

    why: Literal["closed", "not_let_in", "logged_out", "not_let_in_again"]
    """By the agent; by the server at the first log-in, in the middle, and after a connection that was lost."""
    said: Event | Refused | None = None
    """What the server said; None where it has just ended."""


Item = Message | Popped | Trouble | Ended


class Front(ABC):
    """Whoever looks: a terminal, or a program."""

    @abstractmethod
    def show(self, item: Item) -> None:
        """Something has happened; what the companion knows is up to date."""


class Companion:
    """One agent's session, once it has been asked for."""

    def __init__(
        self,
        client: AgentClient,
        front: Front,
        *,
        pop: ScreenPop,
        variables: VariablesFile,
        ringer: Ringer | None = None,
        auto_accept: bool = False,
    ) -> None:
        """ringer: None for silence. auto_accept: take whatever is offered."""
        self.client = client
        self.waiting = WaitingCalls()
        self.state = State("")
        """Empty before the first is told, and while the connection is lost."""
        self._logged_in = self._was_in = False
        """Now, and ever."""
        self._said: Event | Refused | None = None
        """What ends the session."""
        self._front = front
        self._pop = pop
        self._variables = variables
        self._ringer = ringer
        self._auto_accept = auto_accept

    async def run(self) -> Ended:
        """Until the session is over; how it ended."""
        try:
            async for message in self.client:
                await self._take(message)
        finally:
            if self._ringer is not None:
                await self._ringer.stop()
        if self.client.closed:
            return Ended("closed")
        if self._logged_in:
            return Ended("logged_out", self._said)
        return Ended("not_let_in_again" if self._was_in else "not_let_in", self._said)

    async def _take(self, message: Message) -> None:
        new = self.waiting.tell(message)
        match message:
            case State():
                self.state = message
            case Event(letter="A"):
                self._logged_in = self._was_in = True
            case Lost():
                self.state, self._logged_in = State(""), False
            case Event(letter="U" | "D" | "B"):
                self.state, self._said = State(""), message
            case Refused(error="protocol"):
                self._said = message
            case Event(letter="P" | "?"):
                await self._write(message)
            case _:
                pass
        self._front.show(message)
        if isinstance(message, Event) and message.letter == "X":
            await self._show_file(message)
        if self._ringer is not None:
            self._ringer.follow(self._announced)
        if new and self._auto_accept and isinstance(message, Event):
            await self.client.accept(message.call)

    @property
    def _announced(self) -> Waiting | None:
        """The call that rings: not while the agent has another."""
        free = self.waiting.free if self.state.state in ("available", "offered") else []
        return free[0] if free else None

    async def _write(self, event: Event) -> None:
        try:
            await asyncio.to_thread(self._variables.write, event.variables)
        except OSError as error:
            self._front.show(Trouble(f"{self._variables.path}: {error.strerror or error}"))

    async def _show_file(self, event: Event) -> None:
        """Run the centre's command."""
        loop = asyncio.get_running_loop()

        def ended(status: int | None) -> None:
            if not loop.is_closed():
                detail = "killed" if status is None else str(status)
                loop.call_soon_threadsafe(self._front.show, Popped("ended", event.call, detail))

        try:
            command = await asyncio.to_thread(self._pop.run, event, ended)
        except PopRefused as refused:
            self._front.show(Popped("refused", event.call, str(refused), refused.why, refused.what))
        except OSError as error:
            self._front.show(Popped("refused", event.call, str(error), "failed"))
        else:
            shown = command[-1] if isinstance(event.command, str) else command[0]
            self._front.show(Popped("started", event.call, shown))
