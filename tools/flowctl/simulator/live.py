"""An interactive simulation: shows what the caller hears, takes keys, asks what each search should return.

Virtual time stands still while a question waits on the terminal.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from drivers.virtual import Heard, Party
from engine.lines.digits import KEYS
from tools.flowctl.simulator.people import Staff

if TYPE_CHECKING:
    from engine.call.call import Call


class LiveCaller:
    """The person at the terminal is the caller."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._gave_up = False

    def watch(self, party: Party, call: Call) -> None:
        """Follow a call from its beginning."""

        def hears(item: Heard) -> None:
            if item.until is None:
                node = call.record.path[-1].node if call.record.path else ""
                self._say(call.elapsed(), node, f"♪ {item.clip.label} ({item.clip.duration:.1f} s)")

        party.on_heard.append(hears)
        party.on_wanting_key.append(lambda: self._ask_key(party, call))

    async def ask_agents(self, centre: str) -> Staff:
        """What should the search in this centre return?"""
        self._console.print(f"[bold]agent_search[/] {escape(centre)}: [b]a[/]ccept, [b]t[/]imeout, [b]n[/]obody")
        answer = self._read("what happens (a/t/n) [n] > ").lower()
        if answer.startswith("a"):
            return "transferred"
        if answer.startswith("t"):
            return "timeout"
        return "nobody"

    def _ask_key(self, party: Party, call: Call) -> None:
        answer = self._read(f"{call.elapsed():7.1f} s  keys (Enter: none, h: hang up) > ").strip()
        if self._gave_up or answer.lower() == "h":
            party.hang_up()
            return
        keys = "".join(key for key in answer.upper() if key in KEYS)
        if keys:
            party.press(keys)

    def _say(self, at: float, node: str, text: str) -> None:
        self._console.print(f"[dim]{at:7.1f} s[/]  [cyan]{escape(node)}[/]  {escape(text)}")

    def _read(self, question: str) -> str:
        """A line from the terminal; its end is the caller hanging up. Ctrl-C ends the simulation at once: the
        event loop, which stands still while we wait, would only note it for later."""
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._console.input(escape(question))
        except EOFError:
            self._gave_up = True
            return ""
        finally:
            signal.signal(signal.SIGINT, handler)
