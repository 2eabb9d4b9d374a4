"""The calls that wait, as an agent sees them."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import WAITING, Event, Lost, Message

MOST = 1_000
"""Calls that are kept; the oldest gives way."""


@dataclass
class Waiting:
    """A call that was offered to the agent."""

    event: Event
    """The `P` or `?`."""
    taken: str = ""
    """Who is being connected with it, in clear; empty while it can be accepted."""


class WaitingCalls:
    """Follows the messages of a session."""

    def __init__(self) -> None:
        self._calls: dict[str, Waiting] = {}

    @property
    def all(self) -> list[Waiting]:
        """Those of which the end has not been told, in the order in which they came."""
        return list(self._calls.values())

    @property
    def free(self) -> list[Waiting]:
        """Those that can be accepted."""
        return [call for call in self._calls.values() if not call.taken]

    def tell(self, message: Message) -> bool:
        """A message has come. True when it was a call that was not there before."""
        match message:
            case Lost() | Event(letter="A" | "U" | "D" | "B"):
                self._calls.clear()
            case Event(letter=letter, call=call) if letter in WAITING and call:
                new = call not in self._calls
                if new and len(self._calls) >= MOST:
                    del self._calls[next(iter(self._calls))]
                self._calls[call] = Waiting(message)
                return new
            case Event(letter="H", call=call, reason=reason) if call in self._calls:
                self._calls[call].taken = reason or "…"
            case Event(letter="S", call=call) if call in self._calls:
                self._calls[call].taken = ""
            case Event(letter="T", call=call):
                self._calls.pop(call, None)
        return False
