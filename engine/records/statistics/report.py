"""A report: its rows, and under them the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.agents import PAUSE
from engine.records.statistics.formulas import Language, Measure, Tally, Value
from engine.records.statistics.kinds import PLANS, Kind
from engine.records.statistics.query import Query
from engine.records.statistics.slots import By
from engine.records.statistics.stretches import stretches_of

_LONGEST = 3660 * 96
"""Quarters of an hour of a period: each is looked at here, too."""
_IN_ORDER = (By.SLOT, By.HALF_HOUR, By.HOUR, By.DAY, By.WEEK, By.MONTH, By.WAIT)
"""Rows that are found in the order of time, or of waiting; others are sorted by their names."""


@dataclass(frozen=True, slots=True)
class Row:
    """`key`: which stretch of time, as in `Period.keys`; which agent, centre …; of classes of waiting, the upper edge
    in seconds; empty: none, or beyond all edges. `values`: by the names of the report's measures. `pauses`: seconds
    of unavailable agents by their reason, in the report on agents."""

    key: str
    values: Mapping[str, Value]
    pauses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """What is asked for by `query`. `total` is over all facts of the period."""

    kind: Kind
    query: Query
    measures: Sequence[Measure]
    rows: Sequence[Row]
    total: Row

    def title(self, measure: Measure, language: Language) -> str:
        """The head of a column."""
        return self._filled(measure.title.in_(language))

    def formula(self, measure: Measure, language: Language) -> str:
        """How it is computed, in words."""
        titles = {other.name: other.title for other in self.measures}
        return self._filled(measure.formula(titles, language))

    def _filled(self, text: str) -> str:
        limits = self.query.limits
        return text.replace("{target}", f"{limits.target:g}").replace("{short}", f"{limits.short:g}")


def check(kind: Kind, query: Query) -> None:
    """Raises ValueError for rows or filters that the report does not have, and for a period that is too long."""
    plan = PLANS[kind]
    if query.period.end - query.period.first > _LONGEST:
        raise ValueError("a period has at most ten years")
    if query.by not in plan.by:
        raise ValueError(f"{kind}: by {', '.join(plan.by)}; not by {query.by}")
    if unknown := sorted(query.filters.given().keys() - plan.filters):
        raise ValueError(
            f"{kind}: of one {' or '.join(sorted(plan.filters))} alone; not of one {' or '.join(unknown)}"
        )


async def report(connection: AsyncConnection, kind: Kind, query: Query) -> Report:
    """Ask the database. Each stretch of time of the period has a row, an agent or a centre only with facts. Raises
    ValueError as `check` does.

    A month by quarters of an hour is half a second of work for this process: a server that answers calls asks from a
    thread with an event loop of its own."""
    check(kind, query)
    plan = PLANS[kind]
    found = await plan.tallies(connection, query)
    names = stretches_of(query.period, query.by).names if query.by.of_time else list(found)
    if query.by not in _IN_ORDER:
        names.sort()
    whole = Tally()
    for tally in found.values():
        whole.join(tally)
    rows = [_row(name, found.get(name, Tally()), plan.measures) for name in names]
    return Report(kind, query, plan.measures, rows, _row("", whole, plan.measures))


def _row(key: str, tally: Tally, measures: Sequence[Measure]) -> Row:
    values = {measure.name: measure.value(tally) for measure in measures}
    pauses = {name.removeprefix(PAUSE): length / 1000 for name, length in tally.items() if name.startswith(PAUSE)}
    return Row(key, values, dict(sorted(pauses.items())))
