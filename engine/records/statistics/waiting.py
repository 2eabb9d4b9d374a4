"""How long callers waited for an agent."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.centres import OFFERED, OUTCOMES
from engine.records.statistics.formulas import (
    BEYOND,
    LONGEST,
    Measure,
    Quantile,
    Tally,
    Text,
    Unit,
    length,
    total,
    wait_class,
)
from engine.records.statistics.query import Facts, Query, Tallies, class_of, milliseconds
from engine.records.statistics.slots import By
from engine.records.tables import SEARCHES

EDGES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Upper edges of the classes of waiting, in seconds, each in its class; beside them are the limits of the query."""


def _quantiles(who: str, en: str, fr: str, longest: Measure) -> tuple[Measure, ...]:
    texts = (
        "So many of them waited for at most so many seconds, as far as the classes of waiting say it: the upper edge "
        "of a class, or the longest wait.",
        "Cette part d'entre eux a attendu au plus tant de secondes, à la précision des classes d'attente : le haut "
        "d'une classe, ou la plus longue attente.",
    )
    shares = ((50, (1, 2)), (90, (9, 10)), (95, (19, 20)))
    made = [
        Quantile(
            f"{who}_p{percent}",
            Unit.SECONDS,
            Text(f"{en}, {percent} %", f"{fr}, {percent} %"),
            Text(*texts),
            of=who,
            share=share,
            longest=longest.name,
        )
        for percent, share in shares
    ]
    return (longest, *made)


MEASURES = (
    *OFFERED,
    total("others", "Others", "Autres", ["offered", "-answered", "-abandoned"]),
    *_quantiles(
        "answered",
        "Wait of answered",
        "Attente des répondus",
        length(
            f"{LONGEST}answered",
            "Longest wait of answered",
            "Plus longue attente des répondus",
            "Seconds of the longest wait of an answered caller.",
            "Secondes de la plus longue attente d'un répondu.",
        ),
    ),
    *_quantiles(
        "abandoned",
        "Wait of abandoned",
        "Attente des abandonnés",
        length(
            f"{LONGEST}abandoned",
            "Longest wait of abandoned",
            "Plus longue attente des abandonnés",
            "Seconds of the longest wait of an abandoned caller.",
            "Secondes de la plus longue attente d'un abandonné.",
        ),
    ),
)

MAIN = ("offered", "answered", "abandoned", "others", "answered_p50", "answered_p90", "answered_p95")


def edges_of(query: Query) -> list[float]:
    """Upper edges of the classes, in seconds; there is one class more."""
    return sorted({float(edge) for edge in EDGES} | {query.limits.short, query.limits.target})


async def tallies(connection: AsyncConnection, query: Query) -> Tallies:
    """The sums of each row; by waiting, a row is a class, named by its upper edge in seconds."""
    facts, columns = Facts(connection, query, SEARCHES), SEARCHES.c
    edges = edges_of(query)
    rows = await facts.grouped(
        {"how": columns.outcome, "within": class_of(columns.waited, edges)},
        {"searches": func.count(), "longest": func.max(milliseconds(columns.waited))},
    )
    names = [f"{edge:g}" for edge in edges] + [""]
    found: Tallies = {name: Tally() for name in names} if query.by is By.WAIT else {}
    for row in rows:
        name = names[row.within] if query.by is By.WAIT else facts.name(row.key)
        tally = found.setdefault(name, Tally())
        tally.count("offered", row.searches)
        who = OUTCOMES.get(row.how)
        if who in ("answered", "abandoned"):
            tally.count(who, row.searches)
            tally.most(f"{LONGEST}{who}", row.longest)
            edge = round(edges[row.within] * 1000) if row.within < len(edges) else BEYOND
            tally.count(wait_class(who, edge), row.searches)
    return found
