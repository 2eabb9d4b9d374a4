"""A server on virtual lines, in real time, with an agent link on a real port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.house import House

from drivers.virtual import Party
from engine.centres.directory import Directory
from engine.server.agent_link import AgentLinkSettings
from engine.server.link.service import LinkService

SEARCH = """
format: 1
name: search
voice: en
did: ["32"]
start: find
nodes:
  find:
    type: agent_search
    centre: support
    method: METHOD
    timeout: 60s
    on: {transferred: end, nobody: end, timeout: end}
variables:
  client: {type: string, default: "4711"}
"""


def people(*, agents: int = 3, **centre: Any) -> Directory:
    """Agents 1, 2, … of the centre `support`, who log in with `secret`."""
    codes = [str(number) for number in range(1, agents + 1)]
    named = [
        {"code": code, "first_name": f"Agent{code}", "password": "secret", "phone": f"sip:{code}@x"} for code in codes
    ]
    return Directory.model_validate({"agents": named, "centres": [{"name": "support", "agents": codes, **centre}]})


class LinkHouse(House):
    """A house with a link."""

    def __init__(self, root: Path, directory: Directory, settings: AgentLinkSettings) -> None:
        super().__init__(root, directory)
        self.settings = settings
        self.agents = LinkService(settings, self.services.centres, root)
        for agent in directory.agents:
            self.driver.phones[agent.phone or ""] = _answer

    @property
    def port(self) -> int:
        return int(str(self.agents.address).rpartition(":")[2])


def _answer(party: Party) -> None:
    party.leg.accept()


@asynccontextmanager
async def link_house(
    root: Path, directory: Directory | None = None, *, method: str = "broadcast", **settings: Any
) -> AsyncIterator[LinkHouse]:
    """Serve agents, whose phones are answered at once."""
    (root / "flows").mkdir()
    (root / "flows" / "search.yaml").write_text(SEARCH.replace("METHOD", method))
    house = LinkHouse(root, directory or people(), AgentLinkSettings(**{"listen": "127.0.0.1:0", **settings}))
    await house.store.load()
    await house.server.start()
    await house.agents.start()
    try:
        yield house
    finally:
        await house.server.stop(0)
        await house.agents.stop()
        house.services.centres.close()
