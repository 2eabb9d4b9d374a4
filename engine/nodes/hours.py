"""`hours`: is it open now?"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.call.calendar import Calendar
from engine.nodes.base import Node

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.scenario.model import Scenario

DAY = "(mon|tue|wed|thu|fri|sat|sun)"
RANGE = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)(\+1)?$"

DayName = Annotated[
    str,
    Field(
        pattern=rf"^{DAY}(-{DAY})?(,{DAY}(-{DAY})?)*$",
        description="mon, mon-fri, or a list such as mon,wed-fri.",
    ),
]
TimeRange = Annotated[
    str,
    Field(pattern=RANGE, description='"08:00-12:00"; past midnight "20:00-08:00+1"; 24:00 is a legal end.'),
]


def _existing_date(text: str) -> str:
    date.fromisoformat(text)
    return text


DateKey = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A date, such as 2027-12-24."),
    AfterValidator(_existing_date),
]


class OvernightRange(BaseModel):
    """A range that ends on the next day, written out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    range: TimeRange = Field(description='Opening and closing time, such as "20:00-08:00".')
    overnight: bool = Field(default=False, description="The range ends on the next day.")


Range = TimeRange | OvernightRange


class HolidayRegion(BaseModel):
    """A country and, where its holidays differ, a region of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 code, such as FR.")
    region: str | None = Field(
        default=None, description="Code of the region, such as 6AE for Alsace or 57 for Moselle."
    )


class Hours(Node):
    """Branches on the calendar: a dated exception beats a holiday, a holiday beats the week.

    A range ends just before its end, and belongs to the day on which it begins.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("open", "closed", "holiday")

    type: Literal["hours"]
    week: dict[DayName, list[Range]] = Field(
        description='Opening ranges by day, such as mon-fri: ["08:00-12:00", "14:00-18:00"].'
    )
    overnight: bool = Field(
        default=False, description="Ranges of the week whose end is before their start end on the next day."
    )
    holidays: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | HolidayRegion | None = Field(
        default=None,
        description="Country whose public holidays count, by its two letters such as FR, or {country, region}.",
    )
    exceptions: dict[DateKey, Literal["closed"] | list[Range]] = Field(
        default_factory=dict, description='Date → ranges of that day, or "closed".'
    )
    time_zone: str | None = Field(default=None, description="IANA time zone; by default the scenario's.")
    override: str | None = Field(
        default=None, description="Name of a switch that people set to open or closed by hand."
    )

    def possible(self) -> tuple[str, ...]:
        return self.outcomes if self.holidays else ("open", "closed")

    def prepare(self, scenario: Scenario) -> None:
        Calendar.of(self, self.time_zone or scenario.time_zone)

    async def run(self, call: Call) -> str:
        if self.override and (forced := await call.services.switches.state(self.override)):
            return forced
        zone = self.time_zone or call.scenario.scenario.time_zone
        return Calendar.of(self, zone).state(call.now())
