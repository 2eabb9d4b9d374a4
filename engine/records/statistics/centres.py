"""Callers who looked for an agent of a centre: how many found one, and after how long."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.formulas import LONGEST, Tally, count, length, mean, share, total
from engine.records.statistics.intervals import spent
from engine.records.statistics.query import Facts, Query, Tallies, class_of, milliseconds, summed
from engine.records.tables import AGENT_STATES, SEARCHES

OFFERED = (
    count(
        "offered",
        "Offered",
        "Présentés",
        "Each time that a caller looked for an agent of a centre.",
        "Chaque fois qu'un appelant a cherché un agent d'un centre.",
    ),
    count(
        "answered",
        "Answered",
        "Répondus",
        "Of these, callers who were connected with an agent.",
        "Dont appelants mis en relation avec un agent.",
    ),
    count(
        "abandoned",
        "Abandoned",
        "Abandonnés",
        "Of these, callers who hung up while they waited.",
        "Dont appelants qui ont raccroché pendant l'attente.",
    ),
)

MEASURES = (
    *OFFERED,
    count(
        "short",
        "Short abandoned",
        "Abandons courts",
        "Of the abandoned, those who waited for at most {short} s.",
        "Dont abandonnés après {short} s d'attente au plus.",
    ),
    total("abandoned_later", "Abandoned later", "Abandons après seuil", ["abandoned", "-short"]),
    count(
        "timeouts",
        "Timed out",
        "Délai dépassé",
        "Of the offered, callers whom nobody took in time.",
        "Dont présentés que personne n'a pris à temps.",
    ),
    total("other_exits", "Other exits", "Autres sorties", ["offered", "-answered", "-abandoned", "-timeouts"]),
    count(
        "nobody",
        "Nobody there",
        "Aucun agent",
        "Of the other exits, those because no agent was logged in.",
        "Dont autres sorties faute d'agent connecté.",
    ),
    count(
        "full",
        "Queue full",
        "File pleine",
        "Of the other exits, those because too many waited already.",
        "Dont autres sorties parce que trop d'appelants attendaient déjà.",
    ),
    count(
        "left_by_key",
        "Left by a key",
        "Sortis par une touche",
        "Of the other exits, callers who pressed an exit key.",
        "Dont autres sorties par une touche de sortie.",
    ),
    count(
        "answered_in_time",
        "Answered in time",
        "Répondus à temps",
        "Of the answered, those who waited for at most {target} s.",
        "Dont répondus après {target} s d'attente au plus.",
    ),
    count(
        "abandoned_in_time",
        "Abandoned in time",
        "Abandonnés dans le délai",
        "Of the abandoned, those who waited for at most {target} s.",
        "Dont abandonnés après {target} s d'attente au plus.",
    ),
    share("service_level", "Service level", "Niveau de service", ["answered_in_time"], ["offered"]),
    share(
        "service_level_of_answered",
        "Service level, of answered",
        "Niveau de service, sur répondus",
        ["answered_in_time"],
        ["answered"],
    ),
    share(
        "service_level_without_short",
        "Service level, without short",
        "Niveau de service, sans abandons courts",
        ["answered_in_time"],
        ["offered", "-short"],
    ),
    share(
        "service_level_with_abandoned",
        "Service level, abandoned met",
        "Niveau de service, abandons admis",
        ["answered_in_time", "abandoned_in_time"],
        ["offered"],
    ),
    share("answered_rate", "Answer rate", "Taux de réponse", ["answered"], ["offered"]),
    share("abandonment", "Abandonment", "Taux d'abandon", ["abandoned"], ["offered"]),
    share(
        "abandonment_without_short",
        "Abandonment, without short",
        "Taux d'abandon, sans abandons courts",
        ["abandoned", "-short"],
        ["offered", "-short"],
    ),
    length(
        "wait",
        "Waiting",
        "Attente",
        "Seconds for which all callers waited, added up.",
        "Secondes d'attente de tous les appelants, additionnées.",
    ),
    length(
        "answered_wait",
        "Waiting of answered",
        "Attente des répondus",
        "Seconds for which the answered waited, added up.",
        "Secondes d'attente des répondus, additionnées.",
    ),
    length(
        "abandoned_wait",
        "Waiting of abandoned",
        "Attente des abandonnés",
        "Seconds for which the abandoned waited, added up.",
        "Secondes d'attente des abandonnés, additionnées.",
    ),
    mean("speed_of_answer", "Average speed of answer", "Délai moyen de réponse", ["answered_wait"], ["answered"]),
    mean("average_wait", "Average wait", "Attente moyenne", ["wait"], ["offered"]),
    mean("time_to_abandon", "Average time to abandon", "Délai moyen d'abandon", ["abandoned_wait"], ["abandoned"]),
    length(
        f"{LONGEST}wait",
        "Longest wait",
        "Plus longue attente",
        "Seconds of the longest wait.",
        "Secondes de la plus longue attente.",
    ),
    count(
        "talks",
        "Conversations",
        "Conversations",
        "Of the answered, those whose conversation went through us; who is handed over to the line leaves no length.",
        "Dont répondus dont la conversation est passée par nous ; un transfert par la ligne ne laisse pas de durée.",
    ),
    length(
        "talk",
        "Talking",
        "Conversation",
        "Seconds of these conversations, added up.",
        "Secondes de ces conversations, additionnées.",
    ),
    length(
        "wrap_up",
        "Wrap-up",
        "Post-appel",
        "Seconds of rest after calls, when they passed.",
        "Secondes de post-appel, au moment où elles passent.",
    ),
    mean("average_talk", "Average talk time", "Durée moyenne de conversation", ["talk"], ["talks"]),
    mean("handling_time", "Average handling time", "Durée moyenne de traitement", ["talk", "wrap_up"], ["talks"]),
)

MAIN = (
    "offered",
    "answered",
    "abandoned",
    "timeouts",
    "other_exits",
    "service_level",
    "abandonment",
    "speed_of_answer",
    "longest_wait",
    "handling_time",
)

OUTCOMES = {
    "transferred": "answered",
    "caller_hung_up": "abandoned",
    "timeout": "timeouts",
    "nobody": "nobody",
    "full": "full",
    "key": "left_by_key",
}
"""What a search came to → its measure."""


async def tallies(connection: AsyncConnection, query: Query) -> Tallies:
    """The sums of each row."""
    facts, columns = Facts(connection, query, SEARCHES), SEARCHES.c
    short, target = query.limits.short, query.limits.target
    edges = sorted({short, target})
    waited, talk = milliseconds(columns.waited), milliseconds(columns.talk)
    rows = await facts.grouped(
        {"how": columns.outcome, "within": class_of(columns.waited, edges)},
        {
            "searches": func.count(),
            "wait": summed(waited),
            "longest": func.max(waited),
            "talks": func.count(columns.talk),
            "talk": summed(talk),
        },
    )
    found: Tallies = {}
    for row in rows:
        tally = found.setdefault(facts.name(row.key), Tally())
        outcome = OUTCOMES.get(row.how, "")
        tally.count("offered", row.searches)
        tally.count("wait", row.wait)
        tally.most(f"{LONGEST}wait", row.longest)
        if outcome:
            tally.count(outcome, row.searches)
        if outcome in ("answered", "abandoned"):
            tally.count(f"{outcome}_wait", row.wait)
            if row.within <= edges.index(target):
                tally.count(f"{outcome}_in_time", row.searches)
        if outcome == "abandoned" and row.within <= edges.index(short):
            tally.count("short", row.searches)
        if outcome == "answered":
            tally.count("talks", row.talks)
            tally.count("talk", row.talk)
    await _add_rests(connection, query, found)
    return found


async def _add_rests(connection: AsyncConnection, query: Query, found: Tallies) -> None:
    states = AGENT_STATES.c
    # A call that somebody made to the agent alone belongs to no centre.
    rests = Facts(connection, query, AGENT_STATES, (states.state == "wrap_up", states.centre != ""))
    for key, _, length_ in await spent(rests, states.since, states.state):
        found.setdefault(key, Tally()).count("wrap_up", length_)
