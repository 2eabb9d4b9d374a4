"""The agents of a simulated call."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from drivers.virtual import Party, VirtualDriver
from engine.centres.centres import Centres
from engine.centres.directory import Agent, Centre, Directory
from engine.centres.queue import Ticket
from engine.errors import ConfigurationError
from engine.lines import Cause
from engine.nodes.base import Path
from engine.nodes.fields import parse_duration
from tools.flowctl.simulator.reading import Reader

TALK_SECONDS = 30.0
"""How long an agent who accepted talks before hanging up."""

AFTER_SECONDS = 2.0
"""How long an agent lets it ring, unless told otherwise."""

_AGENT = re.compile(r"^(?P<code>[^:@,;=]+):(?P<does>accept|reject|ignore)(@(?P<after>\d+(\.\d+)?(ms|s|m|h)))?$")


@dataclass(frozen=True, slots=True)
class AgentScript:
    """What one agent does `after` seconds of being offered the call; who accepts talks so many seconds."""

    code: str
    does: Literal["accept", "reject", "ignore"] = "accept"
    after: float = AFTER_SECONDS
    talks: float = TALK_SECONDS

    def __call__(self, party: Party) -> None:
        """The agent's phone rings."""
        loop = asyncio.get_running_loop()
        if self.does == "accept":
            loop.call_later(self.after, self._accept, party)
        elif self.does == "reject":
            loop.call_later(self.after, party.hang_up, Cause.REJECTED)

    def _accept(self, party: Party) -> None:
        party.leg.accept()
        asyncio.get_running_loop().call_later(self.talks, party.hang_up)


Word = Literal["nobody", "timeout", "transferred"]
WORDS: tuple[Word, ...] = ("nobody", "timeout", "transferred")
Staff = Word | list[AgentScript]
"""Who is there for one search: its outcome in a word, or what each agent does."""

People = Mapping[str, Sequence[Staff]]
"""Centre → who is there for its first search, its second …; the last one for every further search too."""

SPEC_HELP = (
    "CENTRE=nobody|timeout|transferred, or CENTRE=CODE:accept|reject|ignore[@DELAY],…; several centres separated by ;"
)


def parse_spec(text: str) -> dict[str, Sequence[Staff]]:
    """`"support=201:accept@4s,202:reject;sales=nobody"`. Raises ConfigurationError with the remedy."""
    people: dict[str, Sequence[Staff]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        centre, equals, agents = (word.strip() for word in part.partition("="))
        if not equals:
            raise ConfigurationError(f"--agents {part!r}: write {SPEC_HELP}")
        word = next((word for word in WORDS if word == agents), None)
        people[centre] = [word if word is not None else [_agent(a) for a in agents.split(",")]]
    return people


def _agent(text: str) -> AgentScript:
    match = _AGENT.match(text.strip())
    if match is None:
        raise ConfigurationError(f"--agents {text!r}: write {SPEC_HELP}")
    after = parse_duration(match["after"]) if match["after"] else AFTER_SECONDS
    return AgentScript(match["code"], match["does"], after)  # type: ignore[arg-type] # the pattern allows no other


def read_people(reader: Reader, path: Path) -> People:
    """The `agents` mapping of a story: centre → a word, a list of agents, or a list of these for consecutive
    searches."""
    return {centre: _searches(reader, (*path, centre)) for centre in reader.mapping(path, None, "agents")}


def _searches(reader: Reader, path: Path) -> list[Staff]:
    value, what = reader.value(path), f"agents.{path[-1]}"
    if not isinstance(value, list):
        return [_staff(reader, path, what)]
    if value and all(isinstance(item, str | list) for item in value):
        return [_staff(reader, (*path, index), what) for index in range(len(value))]
    return [_staff(reader, path, what)]


def _staff(reader: Reader, path: Path, what: str) -> Staff:
    value = reader.value(path)
    if isinstance(value, list):
        return [_from_mapping(reader, (*path, index), what) for index in range(len(value))]
    word = next((word for word in WORDS if word == value), None)
    if word is None:
        hint = "write nobody, timeout or transferred, or a list of {code, after, does}"
        reader.wrong(path, f"{what}: {value!r} says nothing about agents", hint)
    return word or "nobody"


def _from_mapping(reader: Reader, path: Path, what: str) -> AgentScript:
    agent = reader.mapping(path, ("code", "after", "does", "talks"), f"{what}: an agent is {{code, after, does}}")
    if isinstance(reader.value(path), dict) and "code" not in agent:
        reader.wrong(path, f"{what}: the agent has no `code`")
    does = reader.word((*path, "does"), ("accept", "reject", "ignore"), f"{what}: does") if "does" in agent else None
    return AgentScript(
        reader.text((*path, "code"), f"{what}: code") if "code" in agent else "",
        does or "accept",  # type: ignore[arg-type] # one of the three words
        reader.duration((*path, "after"), f"{what}: after") if "after" in agent else AFTER_SECONDS,
        reader.duration((*path, "talks"), f"{what}: talks") if "talks" in agent else TALK_SECONDS,
    )


class SimulatedCentres(Centres):
    """Centres whose agents follow a script. `ask` is called when a search meets a centre without one; centres
    `mentioned` by the scenario exist in expressions, with nobody in them. Of a `directory` come the codes of agents
    that a word speaks of, and what is settled for its centres."""

    def __init__(
        self,
        driver: VirtualDriver,
        people: People,
        ask: Callable[[str], Awaitable[Staff]] | None,
        mentioned: frozenset[str] = frozenset(),
        directory: Directory | None = None,
        waiting: Mapping[str, int] | None = None,
    ) -> None:
        """waiting: centre → how many other calls wait for it."""
        super().__init__(Directory())
        self._others = waiting or {}
        self._driver = driver
        self._present: dict[str, list[AgentScript]] = {}
        self._mentioned = mentioned
        self._ask = ask
        self._known = {centre.name: centre for centre in (directory or Directory()).centres}
        self._to_come: dict[str, list[Staff]] = {centre: list(searches) for centre, searches in people.items()}
        for centre, searches in self._to_come.items():
            self._let_in(centre, searches[0])

    def waiting(self, name: str) -> int:
        return super().waiting(name) + self._others.get(name, 0)

    def position(self, ticket: Ticket) -> int:
        return super().position(ticket) + self._others.get(ticket.centre, 0)

    async def searching(self, name: str) -> None:
        searches = self._to_come.get(name)
        if searches is None:
            self._let_in(name, await self._ask(name) if self._ask else [])
            return
        self._let_in(name, searches[0])
        if len(searches) > 1:
            del searches[0]

    def snapshot(self) -> dict[str, dict[str, int]]:
        return {name: self.counts(name) for name in {*self._present, *self._mentioned, *self._known}}

    def _let_in(self, centre: str, staff: Staff) -> None:
        """These, and nobody else, are at the phones of the centre."""
        self._present[centre] = self._brought_in(centre, staff) if isinstance(staff, str) else staff
        for agent in self._present[centre]:
            self._driver.phones[_address(agent.code)] = agent
        codes = {name: list(dict.fromkeys(agent.code for agent in staff)) for name, staff in self._present.items()}
        present = dict.fromkeys(itertools.chain.from_iterable(codes.values()))
        self.apply(
            Directory(
                agents=[Agent(code=code, phone=_address(code)) for code in present],
                centres=[
                    self._known.get(name, Centre(name=name)).model_copy(update={"agents": agents})
                    for name, agents in codes.items()
                ],
            )
        )

    def _brought_in(self, centre: str, word: Word) -> list[AgentScript]:
        """Agents who bring about an outcome: the codes are those of the directory, if it knows the centre."""
        known = self._known.get(centre)
        first, *others = (known.agents if known else None) or ["agent"]
        match word:
            case "nobody":
                return []
            case "timeout":
                return [AgentScript(code, "ignore") for code in (first, *others)]
            case "transferred":
                return [AgentScript(first, "accept"), *(AgentScript(code, "ignore") for code in others)]


def _address(code: str) -> str:
    return f"sip:{code}@simulated"
