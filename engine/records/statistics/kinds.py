"""The four reports, and what their rows may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics import agents, calls, centres, waiting
from engine.records.statistics.formulas import Measure
from engine.records.statistics.query import Query, Tallies
from engine.records.statistics.slots import By


class Kind(StrEnum):
    """A report."""

    CALLS = "calls"
    """Calls in and out."""
    CENTRES = "centres"
    """Callers who looked for an agent."""
    AGENTS = "agents"
    """What was offered to agents, and what they did."""
    WAITING = "waiting"
    """How long callers waited."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`by`: what the rows may be, the usual first. `main`: the columns that matter most. `filters`: what may be asked
    for alone."""

    by: tuple[By, ...]
    measures: tuple[Measure, ...]
    main: tuple[str, ...]
    filters: frozenset[str]
    tallies: Callable[[AsyncConnection, Query], Awaitable[Tallies]]


_TIME = tuple(by for by in By if by.of_time)

PLANS: Mapping[Kind, Plan] = {
    Kind.CALLS: Plan(
        (By.DIRECTION, *_TIME, By.DID, By.SCENARIO, By.RESULT, By.AGENT),
        calls.MEASURES,
        calls.MAIN,
        frozenset({"agent", "did", "scenario", "direction"}),
        calls.tallies,
    ),
    Kind.CENTRES: Plan((By.CENTRE, *_TIME), centres.MEASURES, centres.MAIN, frozenset({"centre"}), centres.tallies),
    Kind.AGENTS: Plan((By.AGENT, *_TIME), agents.MEASURES, agents.MAIN, frozenset({"agent"}), agents.tallies),
    Kind.WAITING: Plan(
        (By.WAIT, *_TIME, By.CENTRE), waiting.MEASURES, waiting.MAIN, frozenset({"centre"}), waiting.tallies
    ),
}
