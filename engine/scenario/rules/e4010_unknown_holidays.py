"""E4010: public holidays of a country or region that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from engine.call.calendar import holiday_calendar
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.draft import Draft
from engine.scenario.rules._hours import hours_nodes
from engine.scenario.rules.base import Rule
from engine.scenario.suggest import did_you_mean


class UnknownHolidays(Rule):
    """Asks the calendar that calls will ask."""

    id: ClassVar[str] = "E4010"
    summary: ClassVar[str] = "Unknown holiday country or region"
    why: ClassVar[str] = (
        "The calendar of public holidays knows countries by their ISO 3166-1 code and regions by a code or a name: "
        "`{country: FR, region: 6AE}` is Alsace, `57` Moselle."
    )
    bad: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    holidays: {country: FR, region: Elsass}
    on: {open: end, closed: end, holiday: end}
"""
    good: ClassVar[str] = """\
format: 1
name: hello
did: ["100"]
start: opening
nodes:
  opening:
    type: hours
    week: {mon-fri: ["08:00-18:00"]}
    holidays: {country: FR, region: 6AE}
    on: {open: end, closed: end, holiday: end}
"""

    def check(self, draft: Draft) -> Iterator[Diagnostic]:
        """One finding for each node."""
        for name, node in hours_nodes(draft):
            if node.holidays is None or draft.is_spoiled(("nodes", name, "holidays")):
                continue
            written = node.holidays
            country, region = (written, None) if isinstance(written, str) else (written.country, written.region)
            try:
                holiday_calendar(country, region)
            except NotImplementedError:
                path = ("nodes", name, "holidays")
                yield self._unknown(draft, path, country, region)

    def _unknown(self, draft: Draft, path: tuple[str, ...], country: str, region: str | None) -> Diagnostic:
        from holidays import list_supported_countries

        supported = list_supported_countries()
        if country not in supported:
            at = path if region is None else (*path, "country")
            hint = did_you_mean(country, supported)
            return self.found(
                draft, draft.document.span(at), f"no holidays are known for the country {country}", hint
            )
        hint = did_you_mean(region or "", supported[country]) or f"its regions: {', '.join(supported[country])}"
        span = draft.document.span((*path, "region"))
        return self.found(draft, span, f"no holidays are known for the region {region} of {country}", hint)
