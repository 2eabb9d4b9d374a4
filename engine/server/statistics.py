"""The `statistics` section of the settings: the limits that formulas know."""

from __future__ import annotations

from pydantic import Field

from engine.nodes.fields import Duration
from engine.server.section import Section


class StatisticsSettings(Section):
    """Limits of waiting."""

    answer_within: Duration = Field(
        default=20.0, description="Whoever is answered within it is answered in time: see the service level."
    )
    short_calls: Duration = Field(
        default=5.0, description="Whoever hangs up within it has hardly waited: a short abandoned call."
    )
