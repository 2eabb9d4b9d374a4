"""What a simulated call may dial: what the server's settings let through, at the numbers as they are written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from engine.lines import Leg, numbering
from engine.lines.dialling import Dialled, DialPlan, NoSuchNumber
from engine.lines.lines import Lines
from engine.server.telephony import Telephony
from tools.flowctl.simulator.stage import SWITCHBOARD

if TYPE_CHECKING:
    from engine.scenario.project import Project


def dial_plan_of(project: Project) -> DialPlan:
    """The rules of the scenario's server; the usual ones where there is none, or what it says is no setting."""
    country = project.setting("country")
    try:
        telephony = Telephony.model_validate(project.setting("telephony") or {})
    except ValidationError:
        telephony = Telephony()
    return telephony.dial_plan(country if isinstance(country, str) and numbering.is_country(country) else "FR")


class SimulatedLines(Lines):
    """Calls what may be called, by the name that it has in the scenario, so that a story names it likewise. Digits
    that are no number are somebody's extension."""

    async def allow(self, to: str, *, near: Leg | None = None, agent: str | None = None) -> Dialled:
        """As `Lines.allow`."""
        inside = Dialled("internal", "", to)
        if to == SWITCHBOARD:
            return inside
        try:
            return replace(await super().allow(to, near=near, agent=agent), digits=to)
        except NoSuchNumber:
            return inside
