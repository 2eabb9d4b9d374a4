"""Which columns a report shows where there is no room for all, and what is plotted of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.records.statistics import PLANS, By, Kind, Measure, Report

_OF_CLASSES = ("offered", "answered", "abandoned", "others")


@dataclass(frozen=True, slots=True)
class Plot:
    """Names of measures: bars of the `whole` of which a `part` is darker, and a line of shares."""

    whole: str
    part: str
    line: str | None = None


PLOTS: Mapping[Kind, Plot] = {
    Kind.CALLS: Plot("calls", "calls_answered"),
    Kind.CENTRES: Plot("offered", "answered", "service_level"),
    Kind.AGENTS: Plot("offers", "connected", "occupancy"),
    Kind.WAITING: Plot("offered", "answered"),
}


def columns(report: Report, *, every: bool) -> Sequence[Measure]:
    """The measures that matter most, or every one. A class of waiting has no quantiles."""
    if report.query.by is By.WAIT:
        return [measure for measure in report.measures if measure.name in _OF_CLASSES]
    main = PLANS[report.kind].main
    return [measure for measure in report.measures if every or measure.name in main]


def named(report: Report, name: str) -> Measure:
    """The measure of that name."""
    return next(measure for measure in report.measures if measure.name == name)
