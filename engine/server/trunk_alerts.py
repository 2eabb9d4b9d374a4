"""Tells those in charge that a trunk is down, and that it is up again."""

from __future__ import annotations

import asyncio
import logging

from engine.errors import CallError
from engine.lines import TrunkState
from engine.messages import _
from engine.outside.ports import Alerts, Trouble
from engine.tasks import cancel

log = logging.getLogger("flowctl.alert")

QUIET = 300.0
"""Seconds between two alerts about one trunk: one that goes up and down is told as it is then."""


class TrunkAlerts:
    """Hand `on_change` to a driver; a trunk counts as up until it is known to be down."""

    def __init__(self, alerts: Alerts, quiet: float = QUIET) -> None:
        """quiet: seconds, see `QUIET`."""
        self._alerts, self._quiet = alerts, quiet
        self._now: dict[str, TrunkState] = {}
        self._told_down: set[str] = set()
        self._telling: dict[str, asyncio.Task[None]] = {}

    def on_change(self, state: TrunkState) -> None:
        """A trunk has gone down or come up; in the event loop."""
        self._now[state.name] = state
        if state.name not in self._telling:
            self._telling[state.name] = asyncio.get_running_loop().create_task(self._tell(state.name))

    async def close(self) -> None:
        """Stop telling."""
        await cancel(*self._telling.values())

    async def _tell(self, name: str) -> None:
        """Until what was told last is true."""
        try:
            while (state := self._now[name]).up == (name in self._told_down):
                self._told_down ^= {name}
                text = _("Since {time}.").format(time=state.since.isoformat(timespec="seconds"))
                subject = _("trunk {name} is up") if state.up else _("trunk {name} is down: {reason}")
                try:
                    told = subject.format(name=name, reason=state.detail)
                    await self._alerts.raise_alert(Trouble((), told, text, about=f"trunk {name}", over=state.up))
                except CallError as error:
                    log.error("the alert about trunk %s was not sent: %s", name, error)
                await asyncio.sleep(self._quiet)
        finally:
            del self._telling[name]
