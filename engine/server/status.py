"""What a running server is doing, for the commands on the same machine: a file in the data folder.

Numbers of callers are in it: only the user of the server may read it. Times are moments, not durations, so that the
file changes only when something does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigurationError
from engine.records.files import replace_text

if TYPE_CHECKING:
    from engine.server.watched import Watched

log = logging.getLogger("flowctl.server")

FILE = "status.json"
"""Below the server's data folder."""

EVERY = 1.0
"""Seconds between two looks whether something has changed."""


@dataclass(frozen=True, slots=True)
class TrunkStatus:
    """A trunk as the file has it: `since` is ISO 8601, `detail` says why it is down."""

    name: str
    up: bool
    detail: str
    since: str


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """A channel that a call has. `since` is ISO 8601; `did` and `cli` as presented or dialled; `partner`: the channel
    for which a call that goes out is made; `agent`: the code of who has the call."""

    id: str
    state: str
    direction: str = "in"
    call: str = ""
    did: str = ""
    cli: str = ""
    since: str = ""
    scenario: str = ""
    node: str = ""
    agent: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class WaitingStatus:
    """A call that waits for an agent; `position` among those of its centre, from 1."""

    centre: str
    position: int
    call: str
    channel: str
    caller: str
    since: str


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What an agent does; `since` is right to a second."""

    code: str
    name: str
    state: str
    reason: str
    call: str
    since: str


@dataclass(frozen=True, slots=True)
class Status:
    """`pid`: of the server that wrote it, 0 when it has ended in order. `channels`: those that are taken; the others
    are free or barred, as the settings say. `calls`: in progress. `counters`: as in counters.json."""

    pid: int
    channels: tuple[ChannelStatus, ...] = ()
    trunks: tuple[TrunkStatus, ...] = ()
    waiting: tuple[WaitingStatus, ...] = ()
    agents: tuple[AgentStatus, ...] = ()
    name: str = ""
    version: str = ""
    started: str = ""
    phase: str = ""
    calls: int = 0
    ticks: int = 0
    """When the process was started, as the kernel counts: another may have its number after a restart."""
    counters: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """True while the server that wrote it is there."""
        found = _ticks(self.pid) if self.pid > 0 else None
        return found is not None and self.ticks in (0, found)


def _ticks(pid: int) -> int | None:
    """When a process was started, in clock ticks since the machine was (proc(5)); None when there is no such process.
    Blocking."""
    try:
        # The name, in parentheses, may hold anything; behind it are the fields from the third on.
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


class StatusFile:
    """Keeps the file as the server is."""

    def __init__(self, path: Path, watched: Watched, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._watched = watched
        self._now = now
        self._started = now()
        self._version = version("flowctl")
        self._ticks = 0
        self._agents: dict[str, tuple[str, str]] = {}
        """Code → state and since when."""
        self._written = ""

    async def keep(self) -> None:
        """Write what has changed, each second, until cancelled."""
        ours = await asyncio.to_thread(_ticks, os.getpid())
        self._ticks = ours or 0
        while True:
            await self._write(self.status())
            await asyncio.sleep(EVERY)

    async def close(self) -> None:
        """Say that the server has ended."""
        await self._write(Status(0))

    def status(self) -> Status:
        """What is going on now."""
        watched, now = self._watched, self._now()
        behind = asyncio.get_running_loop().time()

        def moment(loop_time: float) -> str:
            return (now - timedelta(seconds=behind - loop_time)).isoformat(timespec="seconds")

        agents = tuple(self._agent_states(now))
        trunks = [(driver.name, state) for driver in watched.lines.drivers for state in driver.trunks().values()]
        return Status(
            os.getpid(),
            tuple(_channels(watched, {agent.call: agent.code for agent in agents if agent.call}, moment)),
            tuple(
                TrunkStatus(f"{driver}/{one.name}", one.up, one.detail, one.since.isoformat(timespec="seconds"))
                for driver, one in trunks
            ),
            tuple(_waiting(watched, moment)),
            agents,
            name=watched.name,
            version=self._version,
            started=self._started.isoformat(timespec="seconds"),
            phase=watched.health.phase,
            calls=watched.calls,
            ticks=self._ticks,
            counters={"today": asdict(watched.counters.today), "ever": asdict(watched.counters.ever)},
        )

    def _agent_states(self, now: datetime) -> Iterator[AgentStatus]:
        before, self._agents = self._agents, {}
        for desk in self._watched.centres.desks:
            state = desk.state.value
            known = before.get(desk.code)
            since = known[1] if known is not None and known[0] == state else now.isoformat(timespec="seconds")
            self._agents[desk.code] = state, since
            call = desk.claim.call if desk.claim is not None else None
            name = desk.agent.name
            yield AgentStatus(desk.code, name, state, desk.unavailable or "", call or "", since)

    async def _write(self, status: Status) -> None:
        text = json.dumps(status, default=_fields, ensure_ascii=False)
        if text == self._written:
            return
        try:
            await asyncio.to_thread(replace_text, self._path, text, mode=0o600)
        except OSError as error:
            if self._written:
                log.error("%s could not be written: %s", self._path, error.strerror)
            self._written = ""  # tried again each second, and said once
        else:
            self._written = text


def _channels(watched: Watched, agents: dict[str, str], moment: Callable[[float], str]) -> Iterator[ChannelStatus]:
    """agents: id of a call → who has it."""
    for channel in watched.lines.channels.taken():
        scenario, node = channel.place()
        yield ChannelStatus(
            channel.id,
            channel.state,
            channel.direction,
            channel.call,
            channel.did,
            channel.cli,
            moment(channel.since),
            scenario,
            node,
            agents.get(channel.call, ""),
            channel.partner,
        )


def _waiting(watched: Watched, moment: Callable[[float], str]) -> Iterator[WaitingStatus]:
    positions: dict[str, int] = {}
    for ticket, offer in watched.centres.waiters():
        positions[ticket.centre] = positions.get(ticket.centre, 0) + 1
        facts = offer.facts
        yield WaitingStatus(
            ticket.centre,
            positions[ticket.centre],
            facts.call,
            facts.channel,
            facts.caller or facts.cli,
            moment(ticket.since),
        )


def _fields(part: Any) -> dict[str, Any]:
    """Of a dataclass with slots: `asdict`, which copies all that is in it, takes three times as long."""
    return {name: getattr(part, name) for name in part.__slots__}


def read_status(path: Path) -> Status | None:
    """What the file says; None when no server has written any. Blocking. Raises ConfigurationError."""
    try:
        document: Any = json.loads(path.read_bytes())
        parts: dict[str, Any] = {
            "channels": tuple(ChannelStatus(**channel) for channel in document.pop("channels")),
            "trunks": tuple(TrunkStatus(**trunk) for trunk in document.pop("trunks")),
            "waiting": tuple(WaitingStatus(**call) for call in document.pop("waiting", ())),
            "agents": tuple(AgentStatus(**agent) for agent in document.pop("agents", ())),
        }
        return Status(**document, **parts)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
