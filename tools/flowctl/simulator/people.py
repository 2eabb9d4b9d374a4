"""The agents of a simulated call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from drivers.virtual import Party, VirtualDriver
from engine.centres.centres import Centres
from engine.centres.directory import Agent, Centre, Directory
from engine.errors import ConfigurationError
from engine.lines import Cause
from engine.nodes.fields import parse_duration

TALK_SECONDS = 30.0
"""How long an agent who accepted talks before hanging up."""

_AGENT = re.compile(r"^(?P<code>[^:@,;=]+):(?P<does>accept|reject|ignore)(@(?P<after>\d+(\.\d+)?(ms|s|m|h)))?$")


@dataclass(frozen=True, slots=True)
class AgentScript:
    """What one agent does `after` seconds of being offered the call."""

    code: str
    does: Literal["accept", "reject", "ignore"] = "accept"
    after: float = 2.0

    def __call__(self, party: Party) -> None:
        """The agent's phone rings."""
        loop = asyncio.get_running_loop()
        if self.does == "accept":
            loop.call_later(self.after, self._accept, party)
        elif self.does == "reject":
            loop.call_later(self.after, party.hang_up, Cause.REJECTED)

    def _accept(self, party: Party) -> None:
        party.leg.accept()
        asyncio.get_running_loop().call_later(TALK_SECONDS, party.hang_up)


People = dict[str, list[AgentScript]]
"""Centre → its agents; an empty list is a centre with nobody logged in."""

_OUTCOMES = {
    "nobody": [],
    "timeout": [AgentScript("agent", "ignore")],
    "transferred": [AgentScript("agent", "accept")],
}

SPEC_HELP = (
    "CENTRE=nobody|timeout|transferred, or CENTRE=CODE:accept|reject|ignore[@DELAY],…; several centres separated by ;"
)


def parse_spec(text: str) -> People:
    """`"support=201:accept@4s,202:reject;sales=nobody"`. Raises ConfigurationError with the remedy."""
    people: People = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        centre, equals, agents = (word.strip() for word in part.partition("="))
        if not equals:
            raise ConfigurationError(f"--agents {part!r}: write {SPEC_HELP}")
        wanted = _OUTCOMES.get(agents)
        people[centre] = [_agent(a) for a in agents.split(",")] if wanted is None else wanted
    return people


def _agent(text: str) -> AgentScript:
    match = _AGENT.match(text.strip())
    if match is None:
        raise ConfigurationError(f"--agents {text!r}: write {SPEC_HELP}")
    after = parse_duration(match["after"]) if match["after"] else 2.0
    return AgentScript(match["code"], match["does"], after)  # type: ignore[arg-type] # the pattern allows no other


def from_document(document: Any) -> People:
    """The `agents` mapping of a script file: centre → `nobody` or a list of {code, after, does}."""
    if not isinstance(document, dict):
        raise ConfigurationError("agents: write a mapping of centres")
    people: People = {}
    for centre, agents in document.items():
        if agents == "nobody":
            people[centre] = []
            continue
        if not isinstance(agents, list):
            raise ConfigurationError(f"agents.{centre}: write nobody, or a list of {{code, after, does}}")
        people[centre] = [_from_mapping(centre, agent) for agent in agents]
    return people


def _from_mapping(centre: str, agent: Any) -> AgentScript:
    if not isinstance(agent, dict) or "code" not in agent or not agent.keys() <= {"code", "after", "does"}:
        raise ConfigurationError(f"agents.{centre}: an agent is {{code, after, does}}, not {agent!r}")
    does = agent.get("does", "accept")
    if does not in ("accept", "reject", "ignore"):
        raise ConfigurationError(f"agents.{centre}: does is accept, reject or ignore, not {does!r}")
    try:
        after = parse_duration(agent.get("after", "2s"))
    except ValueError as error:
        raise ConfigurationError(f"agents.{centre}: after: {error}") from error
    return AgentScript(str(agent["code"]), does, after)


class SimulatedCentres(Centres):
    """Centres whose agents follow a script. `ask` is called when a search meets a centre without one; centres
    `mentioned` by the scenario exist in expressions, with nobody in them."""

    def __init__(
        self,
        driver: VirtualDriver,
        people: People,
        ask: Callable[[str], Awaitable[list[AgentScript]]] | None,
        mentioned: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(Directory())
        self._driver = driver
        self._people: People = {}
        self._mentioned = mentioned
        self._ask = ask
        for centre, agents in people.items():
            self._staff(centre, agents)
        self._scripted = set(people)

    async def searching(self, name: str) -> None:
        if name not in self._scripted:
            self._staff(name, await self._ask(name) if self._ask else [])

    def find(self, name: str) -> Centre | None:
        return Centre(name=name) if name in self._people else None

    def phone_of(self, code: str) -> str | None:
        codes = {agent.code for agents in self._people.values() for agent in agents}
        return _address(code) if code in codes else None

    def logged_in(self, name: str) -> list[Agent]:
        return [Agent(code=agent.code, phone=_address(agent.code)) for agent in self._people.get(name, ())]

    def snapshot(self) -> dict[str, dict[str, int]]:
        return {name: self.counts(name) for name in {*self._people, *self._mentioned}}

    def _staff(self, centre: str, agents: list[AgentScript]) -> None:
        self._people[centre] = agents
        for agent in agents:
            self._driver.phones[_address(agent.code)] = agent


def _address(code: str) -> str:
    return f"sip:{code}@simulated"
