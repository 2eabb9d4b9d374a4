"""The companion in a terminal."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.live import Live

from tools.agent import AgentClient, Event, Lost, Refused, State
from tools.flowctl.companion.companion import Companion, Ended, Front, Item, Popped, Trouble
from tools.flowctl.companion.keys import BACKSPACE, ENTER, ESCAPE, keys
from tools.flowctl.companion.screen import MOST_HISTORY, screen, who
from tools.flowctl.companion.texts import Texts

LONGEST_NUMBER = 64


class TerminalFront(Front):
    """Draws what there is, and does what keys say. `attach`, then `run`."""

    def __init__(self, client: AgentClient, texts: Texts, title: str) -> None:
        self._client = client
        self._texts = texts
        self._title = title
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._companion: Companion
        self._history: deque[str] = deque(maxlen=MOST_HISTORY)
        self._since: dict[str, float] = {}
        """Call → when it was first seen."""
        self._lost = ""
        self._rest_ends = 0.0
        self._prompt: str | None = None
        """The number that is being written."""
        self._record = False
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, companion: Companion) -> None:
        """Whose front this is."""
        self._companion = companion

    async def run(self) -> Ended:
        """Until the session is over; as `Companion.run`."""
        clock = asyncio.create_task(self._tick())
        try:
            with self._live, keys(self._press):
                return await self._companion.run()
        finally:
            clock.cancel()
            await asyncio.gather(clock, *self._tasks, return_exceptions=True)

    def bell(self) -> None:
        """Ring with the terminal's own bell."""
        self._console.bell()

    def show(self, item: Item) -> None:
        if isinstance(item, Lost):
            self._lost = self._texts.lost(item)
        elif isinstance(item, State):
            self._lost, self._rest_ends = "", time.monotonic() + item.rest
        line = self._line(item)
        if line:
            self._history.append(f"{time.strftime('%H:%M:%S')}  {line}")
        self._draw()

    def _line(self, item: Item) -> str:
        """Of the history; empty for what the screen shows anyway."""
        texts = self._texts
        match item:
            case Event(letter="X"):
                return ""
            case Event(letter="U" | "D" | "B"):
                return item.reason
            case Event():
                return texts(
                    item.letter, who=who(item, texts), centre=item.centre, reason=item.reason, number=item.number
                )
            case Refused():
                return texts.error(item)
            case Popped():
                known = item.why not in ("", "failed")
                return texts(f"pop_{item.why if known else item.result}", detail=item.detail, what=item.what)
            case Trouble():
                return item.message
            case Lost():
                return texts("lost", reason=texts.lost(item))
            case State():
                return ""
            case Ended():
                return texts.ended(item.why, item.said)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._draw()

    def _draw(self) -> None:
        companion, now = self._companion, time.monotonic()
        calls = companion.waiting.all
        self._since = {call.event.call: self._since.get(call.event.call, now) for call in calls}
        state = companion.state
        detail = state.reason if state.reason != "-" else ""
        if state.state == "wrap_up":
            detail = f"{max(0.0, self._rest_ends - now):.0f} s"
        if self._lost:
            detail = self._texts("lost", reason=self._lost)
        picture = screen(
            self._texts,
            title=self._title,
            state=state.state or "logged_out",
            detail=detail,
            calls=[(call, now - self._since[call.event.call]) for call in calls],
            history=self._history,
            prompt=self._prompt,
        )
        self._live.update(picture, refresh=True)

    def _press(self, key: str) -> None:
        if self._prompt is not None:
            self._write(key)
        else:
            self._command(key)
        self._draw()

    def _write(self, key: str) -> None:
        """A key while a number is being written."""
        number = self._prompt or ""
        if key == ENTER:
            self._prompt = None
            if number.strip():
                self._do(self._client.call(number.strip(), self._record))
        elif key == ESCAPE:
            self._prompt = None
        elif key == BACKSPACE:
            self._prompt = number[:-1]
        elif key.isprintable() and len(number) < LONGEST_NUMBER:
            self._prompt = number + key

    def _command(self, key: str) -> None:
        client, free = self._client, self._companion.waiting.free
        match key:
            case "\n" if free:
                self._do(client.accept(free[0].event.call))
            case _ if key.isascii() and key.isdigit() and 1 <= int(key) <= len(free):
                self._do(client.accept(free[int(key) - 1].event.call))
            case "r":
                for call in [call for call in free if call.event.letter == "?"][:1]:
                    self._do(client.reject(call.event.call))
            case "d":
                disturbed = self._companion.state.state != "unavailable"
                self._do(client.unavailable() if disturbed else client.available())
            case "a":
                self._do(client.available())
            case "c" | "C":
                self._prompt, self._record = "", key == "C"
            case "q":
                self._do(client.close())

    def _do(self, request: Coroutine[Any, Any, bool]) -> None:
        """Send it; say so when it could not be sent."""
        task = asyncio.create_task(self._sent(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sent(self, request: Coroutine[Any, Any, bool]) -> None:
        if not await request and not self._client.closed:
            self.show(Trouble(self._texts("not_sent")))
