"""All that is looked at when somebody wants to know how a running server is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.centres.centres import Centres
from engine.lines.lines import Lines
from engine.records.counters import Counters
from engine.records.outbox import Outbox
from engine.server.health import Health
from engine.server.server import Server


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of one server; `rtp_ports`: as many calls could have one each. `away`: True
    while the server's own database cannot be reached."""

    name: str
    health: Health
    server: Server
    lines: Lines
    centres: Centres
    counters: Counters
    outbox: Outbox
    rtp_ports: int
    away: Callable[[], bool] = lambda: False

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return self.server.calls

    @property
    def database_away(self) -> bool:
        """True while the server's own database cannot be reached."""
        return self.away()
