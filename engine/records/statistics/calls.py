"""Calls in and out."""

from __future__ import annotations

from sqlalchemy import case, func
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.formulas import LONGEST, Tally, count, length, mean, share
from engine.records.statistics.query import Facts, Query, Tallies, milliseconds, summed
from engine.records.tables import CALLS

MEASURES = (
    count("calls", "Calls", "Appels", "Calls that began.", "Appels commencés."),
    count("incoming", "Incoming", "Entrants", "Of these, calls in.", "Dont appels entrants."),
    count(
        "outgoing",
        "Outgoing",
        "Sortants",
        "Of these, calls that agents have asked for.",
        "Dont appels demandés par les agents.",
    ),
    count(
        "calls_answered",
        "Answered",
        "Décrochés",
        "Of these, calls that were answered, by a scenario or by whom an agent called.",
        "Dont appels décrochés, par un scénario ou par le correspondant d'un agent.",
    ),
    count(
        "ended",
        "Ended",
        "Terminés",
        "The scenario, or the agent's call, came to its end.",
        "Le scénario, ou l'appel de l'agent, est allé à son terme.",
    ),
    count(
        "transferred",
        "Transferred",
        "Transférés",
        "Handed over, or connected with an agent until one of the two hung up.",
        "Transférés, ou mis en relation avec un agent jusqu'au raccroché.",
    ),
    count(
        "caller_hung_up",
        "Hung up by the caller",
        "Raccrochés par l'appelant",
        "The caller hung up before the end.",
        "L'appelant a raccroché avant la fin.",
    ),
    count("rejected", "Rejected", "Rejetés", "Refused without an answer.", "Refusés sans décrocher."),
    count(
        "failed",
        "Failed",
        "En échec",
        "Ended by an error, or interrupted together with the server.",
        "Terminés par une erreur, ou interrompus avec le serveur.",
    ),
    length(
        "duration",
        "Time",
        "Durée",
        "Seconds from the beginning to the end of the calls, added up.",
        "Secondes du début à la fin des appels, additionnées.",
    ),
    length(
        "conversation",
        "Time answered",
        "Durée décrochée",
        "Seconds from the answer to the end of answered calls, added up.",
        "Secondes du décroché à la fin des appels décrochés, additionnées.",
    ),
    mean("average_duration", "Average time", "Durée moyenne", ["duration"], ["calls"]),
    mean(
        "average_conversation",
        "Average time answered",
        "Durée décrochée moyenne",
        ["conversation"],
        ["calls_answered"],
    ),
    share("answer_rate", "Answer rate", "Taux de décroché", ["calls_answered"], ["calls"]),
    length(
        f"{LONGEST}call", "Longest", "Plus long", "Seconds of the longest call.", "Secondes de l'appel le plus long."
    ),
)

MAIN = ("calls", "incoming", "outgoing", "calls_answered", "answer_rate", "average_conversation", "duration")

_RESULTS = {"interrupted": "failed"}


async def tallies(connection: AsyncConnection, query: Query) -> Tallies:
    """The sums of each row."""
    facts, columns = Facts(connection, query, CALLS), CALLS.c
    duration, answered = milliseconds(columns.duration), milliseconds(columns.answered)
    rows = await facts.grouped(
        {"way": columns.direction, "outcome": columns.result},
        {
            "calls": func.count(),
            "picked_up": func.count(columns.answered),
            "duration": summed(duration),
            "conversation": summed(case((columns.answered.is_not(None), duration - answered), else_=0)),
            "longest": func.max(duration),
        },
    )
    found: Tallies = {}
    for row in rows:
        tally = found.setdefault(facts.name(row.key), Tally())
        tally.count("calls", row.calls)
        tally.count("outgoing" if row.way == "out" else "incoming", row.calls)
        tally.count("calls_answered", row.picked_up)
        tally.count(_RESULTS.get(row.outcome, row.outcome), row.calls)
        tally.count("duration", row.duration)
        tally.count("conversation", row.conversation)
        tally.most(f"{LONGEST}call", row.longest)
    return found
