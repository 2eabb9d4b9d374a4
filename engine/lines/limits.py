"""How many calls to the telephone network one call, one agent and one day may cost."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from engine.clock import Clock
from engine.errors import NotAllowed
from engine.lines.ports import Leg

log = logging.getLogger("flowctl.lines")

FILE = "dialled.json"
"""Below the server's data folder."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most calls that may be tried; None: any number. The day is that of the server's time zone."""

    per_day: int | None = None
    per_agent_per_day: int | None = None
    per_call: int | None = None


class Limits:
    """Counts the calls that are tried, answered or not: a call to the wrong place costs from its first second.

    The counts of the day are kept in a file, so that restarting the server opens nothing. A file that cannot be
    written or read costs no call: it is complained of, and counting goes on.
    """

    def __init__(self, bounds: Bounds, clock: Clock, path: Path | None = None, *, zone: tzinfo | None = None) -> None:
        """path: where the counts of the day are kept; None: nowhere. zone: where days begin; None: that of the
        machine. Blocking: reads the file."""
        self._bounds = bounds
        self._clock = clock
        self._zone = zone
        self._path = path
        self._writing = asyncio.Lock()
        self._calls: Counter[str] = Counter()
        """By id of the leg that the call came in on, while it is up."""
        self._day = self._today()
        self._total = 0
        self._agents: Counter[str] = Counter()
        self._restore()

    async def take(self, *, near: Leg | None = None, agent: str | None = None) -> None:
        """Count one call more. Raises NotAllowed, which names the limit, when there may be none.

        near: the leg for whose caller it is. agent: code of the agent who asked for it.
        """
        self._turn_the_page()
        bounds = self._bounds
        _require(self._total, bounds.per_day, "per_day", "have gone out today")
        if agent is not None:
            _require(self._agents[agent], bounds.per_agent_per_day, "per_agent_per_day", f"today for agent {agent}")
        if near is not None:
            _require(self._calls[near.info.id], bounds.per_call, "per_call", "have gone out for this call")
            self._count_for(near)
        self._total += 1
        if agent is not None:
            self._agents[agent] += 1
        await self._keep()

    def give_back(self, *, near: Leg | None = None, agent: str | None = None) -> None:
        """A call that was counted was not tried after all."""
        self._total = max(0, self._total - 1)
        if near is not None and self._calls.get(near.info.id):
            self._calls[near.info.id] -= 1
        if agent is not None and self._agents.get(agent):
            self._agents[agent] -= 1

    def _count_for(self, near: Leg) -> None:
        identity = near.info.id
        if identity not in self._calls:
            near.ended.add_done_callback(lambda _: self._calls.pop(identity, None))
        self._calls[identity] += 1

    def _today(self) -> str:
        """ISO 8601."""
        return self._clock.now().astimezone(self._zone).date().isoformat()

    def _turn_the_page(self) -> None:
        today = self._today()
        if today != self._day:
            self._day, self._total = today, 0
            self._agents.clear()

    def _restore(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            kept: Any = json.loads(self._path.read_bytes())
            day, total, agents = str(kept["day"]), int(kept["total"]), kept["agents"]
            counts = Counter({str(code): int(count) for code, count in agents.items()})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.error("%s cannot be read (%s): the calls of the day are counted from zero", self._path, error)
            return
        if day == self._day:
            self._total, self._agents = total, counts

    async def _keep(self) -> None:
        """Write the counts of the day; one writing after another."""
        path = self._path
        if path is None or (self._bounds.per_day is None and self._bounds.per_agent_per_day is None):
            return
        async with self._writing:
            document = {"day": self._day, "total": self._total, "agents": dict(self._agents)}
            try:
                await asyncio.to_thread(_replace, path, json.dumps(document))
            except OSError as error:
                log.error("%s cannot be written (%s): a restart would forget today's calls", path, error.strerror)


def _require(count: int, limit: int | None, name: str, so_many: str) -> None:
    if limit is not None and count >= limit:
        message = f"{count} calls {so_many}: telephony.limits.{name} allows no more"
        raise NotAllowed(message, rule=name, what=str(count))


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
