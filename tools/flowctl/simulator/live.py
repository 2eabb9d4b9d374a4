"""An interactive simulation: shows what happens and what the caller hears, takes keys, asks what each search should
return.

Virtual time stands still while a question waits on the terminal.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from drivers.virtual import Heard, Party
from engine.call.record import Step
from engine.lines.digits import KEYS
from engine.nodes.agent_search import AgentSearch
from engine.nodes.fields import parse_duration
from tools.flowctl.simulator.caller import murmur
from tools.flowctl.simulator.people import AFTER_SECONDS, AgentScript, Staff
from tools.flowctl.simulator.texts import Texts

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.centres.directory import Directory

HELP = """\
  1 2 …     press keys          +30s   let time pass, in silence
  s 5       speak 5 seconds     v      variables
  h         hang up             p      path so far
  Enter     stay silent         ?      this help"""

AGENT_HELP = """\
  a         the first agent accepts        201       agent 201 accepts, after 2 s
  t         nobody takes it: timeout       201@10s   … after 10 s
  r         everybody rejects              n         nobody is logged in"""


class _Path(list[Step]):
    """A path that tells when it grows."""

    def __init__(self, told: Callable[[Step], None]) -> None:
        super().__init__()
        self._told = told

    def append(self, step: Step) -> None:
        super().append(step)
        self._told(step)


class LiveCaller:
    """The person at the terminal is the caller."""

    def __init__(
        self,
        console: Console,
        texts: Texts,
        directory: Directory | None = None,
        read: Callable[[str], str] | None = None,
    ) -> None:
        """read: gives a line for a question, in the terminal's stead; raises EOFError at its end."""
        self._console = console
        self._texts = texts
        self._directory = directory
        self._read_line = read or console.input
        self._gave_up = False
        self._call: Call | None = None
        self._shown: dict[str, str] = {}
        """The variables as they were shown last."""
        self._asked_at = -1.0

    def watch(self, party: Party, call: Call) -> None:
        """Follow a call from its beginning."""
        self._call = call
        self._shown = self._variables()
        call.record.path = _Path(self._entered)
        party.on_heard.append(self._heard)
        party.on_wanting_key.append(lambda: self._ask_caller(party))
        party.on_listening.append(lambda: self._listened(party))
        self._console.print("You are the caller. ? is for help.", style="dim")

    # What happens ------------------------------------------------------------------------------------------

    def _entered(self, step: Step) -> None:
        self._changes()
        self._say(f"[bold cyan]{escape(step.node)}[/]  [dim]{step.type}[/]")

    def _heard(self, item: Heard) -> None:
        if item.until is not None or self._call is None:
            return
        text = self._texts.of(item.clip.label, self._call)
        said = f"  [italic]{escape(text)}[/]" if text else ""
        self._say(f"    ♪ {escape(item.clip.label)} ({item.clip.duration:.1f} s){said}")

    def _changes(self) -> None:
        """Tell which variables have another value than before."""
        now = self._variables()
        for name, value in now.items():
            if self._shown.get(name) != value:
                self._say(f"    {escape(name)} = {escape(value)}")
        self._shown = now

    def _variables(self) -> dict[str, str]:
        call = self._call
        if call is None:
            return {}
        return {
            name: "x" * len(str(value)) if call.is_masked(name) else str(value)
            for name, value in call.variables.items()
        }

    # The caller --------------------------------------------------------------------------------------------

    def _listened(self, party: Party) -> None:
        """Somebody records the caller; a node that waits for a key meanwhile asks in its own turn."""
        now = asyncio.get_running_loop().time()

        def ask() -> None:
            if self._asked_at < now and party.listened_to:
                self._ask_caller(party)

        asyncio.get_running_loop().call_later(0.001, ask)

    def _ask_caller(self, party: Party) -> None:
        """Ask until there is an answer that lets time go on."""
        self._changes()
        self._asked_at = asyncio.get_running_loop().time()
        while party.leg.alive:
            what = "you are being recorded" if party.listened_to else "keys"
            answer = self._read(f"{self._elapsed():7.1f} s  {what} > ").strip()
            if self._answered(answer, party):
                return

    def _answered(self, answer: str, party: Party) -> bool:
        """Do what the caller answers; False when that takes no time."""
        word, _, rest = answer.partition(" ")
        if self._gave_up or answer == "h":
            party.hang_up()
        elif answer in ("v", "p", "?"):
            self._tell(answer)
            return False
        elif word in ("s", "+") or answer.startswith("+"):
            seconds = _seconds(rest if word in ("s", "+") else answer[1:])
            if seconds is None:
                self._console.print("  write the seconds, such as s 5 or +30s", style="yellow")
                return False
            if word == "s":
                party.leg.spoken(murmur(seconds))
            asyncio.get_running_loop().call_later(seconds, self._ask_again, party)
        elif answer:
            keys = answer.upper().replace(" ", "")
            if any(key not in KEYS for key in keys):
                self._console.print(f"  {escape(answer)}: these are not keys; ? is for help", style="yellow")
                return False
            party.press(keys)
        return True

    def _ask_again(self, party: Party) -> None:
        if party.leg.alive and (party.key_wanted.is_set() or party.listened_to):
            self._ask_caller(party)

    def _tell(self, what: str) -> None:
        if what == "?":
            self._console.print(HELP, style="dim", markup=False)
        elif what == "v":
            lines = [f"  {name} = {value}" for name, value in self._variables().items()]
            self._console.print("\n".join(lines) or "  there are no variables", markup=False)
        elif self._call is not None:
            for step in self._call.record.path:
                self._console.print(f"  {step.at:7.1f} s  {step.node}: {step.outcome or '-'}", markup=False)

    # The agents --------------------------------------------------------------------------------------------

    async def ask_agents(self, centre: str) -> Staff:
        """What should the search in this centre return?"""
        codes = self._codes(centre)
        agents = f" Agents: {', '.join(codes)}." if codes else ""
        self._console.print(f"    {self._search(centre)} for an agent of [bold]{escape(centre)}[/].{escape(agents)}")
        while True:
            answer = self._read("    [a]ccept, [t]imeout, [r]eject, [n]obody, an agent's code, or ? [n] > ").strip()
            staff = _staff(answer, codes)
            if staff is not None:
                return staff
            self._console.print(AGENT_HELP, style="dim", markup=False)

    def _codes(self, centre: str) -> list[str]:
        centres = self._directory.centres if self._directory else ()
        return next((found.agents for found in centres if found.name == centre), [])

    def _search(self, centre: str) -> str:
        """How the search goes about it."""
        call = self._call
        scenarios = (call.scenario, *call.catalogue.values()) if call is not None else ()
        name = call.record.path[-1].node.rpartition("/")[2] if call is not None else ""
        for scenario in scenarios:
            node = scenario.scenario.nodes.get(name)
            if isinstance(node, AgentSearch) and node.centre == centre:
                how = "all at once" if node.method == "broadcast" else "one after another"
                return f"{node.method.capitalize()} search ({how}, {node.timeout:g} s)"
        return "Search"

    # The terminal ------------------------------------------------------------------------------------------

    def _elapsed(self) -> float:
        return self._call.elapsed() if self._call is not None else 0.0

    def _say(self, markup: str) -> None:
        self._console.print(f"[dim]{self._elapsed():7.1f} s[/]  {markup}")

    def _read(self, question: str) -> str:
        """A line from the terminal; its end is the caller hanging up. Ctrl-C ends the simulation at once: the
        event loop, which stands still while we wait, would only note it for later."""
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._read_line(escape(question))
        except EOFError:
            self._gave_up = True
            return ""
        finally:
            signal.signal(signal.SIGINT, handler)


def _seconds(text: str) -> float | None:
    """`5`, `5s`, `2m` → seconds; None for anything else."""
    text = text.strip()
    try:
        return parse_duration(text if not text.replace(".", "", 1).isdecimal() else f"{text}s")
    except ValueError:
        return None


def _staff(answer: str, codes: list[str]) -> Staff | None:
    """What an answer about agents means; None when it means nothing."""
    match answer.lower():
        case "" | "n" | "nobody":
            return "nobody"
        case "a" | "accept" | "transferred":
            return "transferred"
        case "t" | "timeout":
            return "timeout"
        case "r" | "reject":
            return [AgentScript(code, "reject") for code in codes or ["agent"]]
    code, at, after = answer.partition("@")
    seconds = _seconds(after) if at else AFTER_SECONDS
    if seconds is None or code == "?" or (codes and code not in codes):
        return None
    return [AgentScript(code, "accept", seconds), *(AgentScript(other, "ignore") for other in codes if other != code)]
