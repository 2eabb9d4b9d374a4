"""What was offered to agents, and what they did."""

from __future__ import annotations

from sqlalchemy import case, func, literal
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.statistics.formulas import Tally, count, length, mean, share, total
from engine.records.statistics.intervals import spent
from engine.records.statistics.query import Facts, Query, Tallies, milliseconds, summed
from engine.records.tables import AGENT_SESSIONS, AGENT_STATES, OFFERS

MEASURES = (
    count(
        "offers",
        "Offers",
        "Propositions",
        "Each time that a call was offered to an agent.",
        "Chaque fois qu'un appel a été proposé à un agent.",
    ),
    count(
        "connected",
        "Calls",
        "Appels pris",
        "Of these, offers after which the two were connected.",
        "Dont propositions suivies d'une mise en relation.",
    ),
    count(
        "offers_rejected",
        "Rejected",
        "Refusés",
        "Of these, offers that the agent rejected.",
        "Dont propositions refusées par l'agent.",
    ),
    count(
        "unanswered",
        "Unanswered",
        "Sans réponse",
        "Of these, offers that the agent did not answer.",
        "Dont propositions restées sans réponse.",
    ),
    count(
        "taken",
        "Taken by others",
        "Pris par d'autres",
        "Of these, offers of calls that another agent took.",
        "Dont propositions d'appels qu'un autre agent a pris.",
    ),
    count(
        "offers_failed",
        "Not connected",
        "Non aboutis",
        "Of these, offers that the agent accepted, and could not be reached.",
        "Dont propositions acceptées sans que l'agent ait pu être joint.",
    ),
    total(
        "other_offers",
        "Withdrawn",
        "Retirés",
        ["offers", "-connected", "-offers_rejected", "-unanswered", "-taken", "-offers_failed"],
    ),
    count(
        "talks",
        "Conversations",
        "Conversations",
        "Of the calls, those whose conversation went through us.",
        "Dont appels pris dont la conversation est passée par nous.",
    ),
    length(
        "talk",
        "Talking",
        "Conversation",
        "Seconds of these conversations, added up.",
        "Secondes de ces conversations, additionnées.",
    ),
    length(
        "logged_in", "Logged in", "Connecté", "Seconds of the agents' sessions.", "Secondes des sessions des agents."
    ),
    length(
        "available",
        "Available",
        "Disponible",
        "Seconds free for the next call.",
        "Secondes libre pour l'appel suivant.",
    ),
    length(
        "ringing",
        "Asked",
        "Sollicité",
        "Seconds asked, or with a phone that rings.",
        "Secondes sollicité, ou avec un téléphone qui sonne.",
    ),
    length(
        "on_call",
        "On calls",
        "En communication",
        "Seconds with calls, the agents' own among them.",
        "Secondes en communication, appels de l'agent compris.",
    ),
    length("wrap_up", "Wrap-up", "Post-appel", "Seconds of rest after calls.", "Secondes de post-appel."),
    length(
        "unavailable",
        "Pauses",
        "Pauses",
        "Seconds unavailable, whatever the reason.",
        "Secondes indisponible, quel que soit le motif.",
    ),
    length(
        "not_responding",
        "Not responding",
        "Ne répond pas",
        "Seconds after an offer that was not answered.",
        "Secondes suivant une proposition restée sans réponse.",
    ),
    mean("average_talk", "Average talk time", "Durée moyenne de conversation", ["talk"], ["talks"]),
    mean("handling_time", "Average handling time", "Durée moyenne de traitement", ["talk", "wrap_up"], ["talks"]),
    share("acceptance", "Offers connected", "Propositions abouties", ["connected"], ["offers", "-taken"]),
    share(
        "occupancy",
        "Occupancy",
        "Taux d'occupation",
        ["on_call", "wrap_up"],
        ["on_call", "wrap_up", "available", "ringing"],
    ),
)

MAIN = ("offers", "connected", "unanswered", "talk", "handling_time", "logged_in", "unavailable", "occupancy")

PAUSE = "pause:"
"""How the sums of pauses begin; their reason follows."""

_OUTCOMES = {
    "connected": "connected",
    "rejected": "offers_rejected",
    "unanswered": "unanswered",
    "taken": "taken",
    "failed": "offers_failed",
}
_STATES = {"offered": "ringing", "connecting": "ringing"}


async def tallies(connection: AsyncConnection, query: Query) -> Tallies:
    """The sums of each row."""
    found: Tallies = {}
    await _add_offers(connection, query, found)
    sessions, states = AGENT_SESSIONS.c, AGENT_STATES.c
    session_facts = Facts(connection, query, AGENT_SESSIONS)
    for key, _, passed in await spent(session_facts, sessions.opened, literal("")):
        found.setdefault(key, Tally()).count("logged_in", passed)
    # By themselves: MariaDB is slow at grouping by long texts.
    pauses = Facts(connection, query, AGENT_STATES, (states.state == "unavailable",))
    for key, reason, passed in await spent(pauses, states.since, states.reason):
        tally = found.setdefault(key, Tally())
        tally.count(f"{PAUSE}{reason}", passed)
        tally.count("unavailable", passed)
    others = Facts(connection, query, AGENT_STATES, (states.state != "unavailable",))
    for key, state, passed in await spent(others, states.since, states.state):
        found.setdefault(key, Tally()).count(_STATES.get(state, state), passed)
    return found


async def _add_offers(connection: AsyncConnection, query: Query, found: Tallies) -> None:
    facts, columns = Facts(connection, query, OFFERS), OFFERS.c
    talked = case((columns.outcome == "connected", columns.talk))
    rows = await facts.grouped(
        {},
        {
            "offers": func.count(),
            **{name: summed(case((columns.outcome == outcome, 1), else_=0)) for outcome, name in _OUTCOMES.items()},
            "talks": func.count(talked),
            "talk": summed(milliseconds(talked)),
        },
    )
    for row in rows:
        tally = found.setdefault(facts.name(row.key), Tally())
        for name in ("offers", *_OUTCOMES.values(), "talks", "talk"):
            tally.count(name, getattr(row, name))
