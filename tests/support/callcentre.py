"""A house with the centre `support`, its agents' phones and desktops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.house import House, in_house

from drivers.virtual import Party
from engine.centres.directory import Directory
from engine.centres.session import AgentSession
from engine.centres.sessions import Sessions
from engine.lines import Cause

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
    on: {transferred: end, nobody: end, timeout: end, key: end, full: end}
variables:
  client: {type: string, default: "4711"}
  pin: {type: string, default: "0000", masked: true}
"""


def people(**centre: Any) -> Directory:
    """Agents 1, 2 and 3 of one centre, who log in."""
    return Directory.model_validate(
        {
            "agents": [
                {"code": code, "first_name": name, "password": "secret", "phone": f"sip:{code}@x"}
                for code, name in (("1", "Anne"), ("2", "Hugo"), ("3", "Léa"))
            ],
            "centres": [{"name": "support", "agents": ["1", "2", "3"], **centre}],
        }
    )


def phone(after: float, talks: float = 5.0) -> Callable[[Party], None]:
    """A phone that is answered `after` seconds and hung up `talks` seconds later."""

    def ring(party: Party) -> None:
        asyncio.get_running_loop().call_later(after, party.leg.accept)
        asyncio.get_running_loop().call_later(after + talks, party.hang_up)

    return ring


def busy(party: Party) -> None:
    party.hang_up(Cause.BUSY)


def later(seconds: float, deed: Callable[[AgentSession, str], Any]) -> Callable[[AgentSession, str], Any]:
    """Do it so many seconds after the event."""
    return lambda session, call: asyncio.get_running_loop().call_later(seconds, deed, session, call)


def play(
    root: Path,
    story: Callable[[House, Sessions], Any],
    *,
    method: str = "broadcast",
    text: str = SEARCH,
    directory: Directory | None = None,
    **centre: Any,
) -> list[dict[str, Any]]:
    """Run a story; the records of its calls. Nobody is held and no line is busy when they are over."""

    async def told(house: House) -> None:
        house.driver.phones = {f"sip:{code}@x": phone(1) for code in "1234"}
        await story(house, Sessions(house.services.centres))
        await house.settle()
        held = [desk.code for desk in house.services.centres.desks if desk.claim is not None]
        assert not held
        assert house.driver.usage() == {"legs": 0}
        house.services.centres.close()
        assert not house.kept.open

    scenario = {"s.yaml": text.replace("METHOD", method)}
    return in_house(root, scenario, told, directory or people(**centre)).records()
