"""A made-up call centre's past, as rows of the tables: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.records.tables import AGENT_SESSIONS, AGENT_STATES, CALLS, OFFERS, SEARCHES

Fact = dict[str, Any]

# Names that differ for us, and are the same for a database that is not told so.
AGENTS = ["201", "202", "203", "204", "anne", "Anne", "zoë", "zoe", *(str(code) for code in range(300, 322))]
CENTRES = ["support", "Support", "sales", "après-vente"]
DIDS = ["+33143670903", "32", "33", "=cmd|' /C calc'!A0"]
REASONS = ["lunch", "Lunch", "café", "cafe", ""]
SEARCH_ENDS = ["transferred", "caller_hung_up", "timeout", "nobody", "full", "key", "interrupted"]
DEEDS = (
    ["available", "offered", "connecting", "on_call", "wrap_up", "unavailable", "not_responding"],
    [25, 22, 18, 17, 14, 3, 1],
)
"""What agents do, and of a hundred times how often."""
OFFER_ENDS = ["connected", "rejected", "unanswered", "taken", "failed", "withdrawn", "lost", "interrupted"]
CALL_ENDS = ["ended", "transferred", "caller_hung_up", "rejected", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Past:
    """The rows of each table, with times that are aware, and no slots yet."""

    calls: list[Fact]
    searches: list[Fact]
    offers: list[Fact]
    sessions: list[Fact]
    states: list[Fact]

    def tables(self) -> Mapping[Table, Sequence[Fact]]:
        return {
            CALLS: self.calls,
            SEARCHES: self.searches,
            OFFERS: self.offers,
            AGENT_SESSIONS: self.sessions,
            AGENT_STATES: self.states,
        }


def made_up(seed: int, calls: int, since: datetime, until: datetime) -> Past:
    """So many calls between the two moments; agents have something to do for about as long as the calls need."""
    rng = random.Random(seed)
    moments = [_moment(rng, since, until) for _ in range(calls)]
    past = Past(
        [_call(rng, number, at) for number, at in enumerate(moments)],
        [_search(rng, number, at) for number, at in enumerate(moments) if rng.random() < 0.9],
        [],
        [],
        [],
    )
    past.offers.extend(_offers(rng, past.searches))
    for agent in AGENTS:
        sessions = list(_sessions(rng, agent, since, until))
        past.sessions.extend(sessions)
        mean = len(sessions) * 6 * 3600 * len(AGENTS) / (calls * 4)
        past.states.extend(state for one in sessions for state in _states(rng, one, mean))
    # Somebody left their telephone with the server for three weeks.
    past.states.append(_state(999_999, "201", "available", since - timedelta(days=14), 21 * 86400.0))
    return past


async def write(connection: AsyncConnection, past: Past) -> None:
    """Put it into the tables, which exist."""
    for table, facts in past.tables().items():
        rows = [_row(table, fact) for fact in facts]
        for position in range(0, len(rows), 5000):
            await connection.execute(insert(table), rows[position : position + 5000])


def _row(table: Table, fact: Fact) -> Fact:
    (moment,) = (name for name, value in fact.items() if isinstance(value, datetime))
    at = fact[moment].astimezone(UTC)
    slot = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=15)
    whole = {"server": "main", **fact, moment: at.replace(tzinfo=None), "slot": slot}
    return {name: whole[name] for name in table.c.keys()}  # noqa: SIM118


def _moment(rng: random.Random, since: datetime, until: datetime) -> datetime:
    at = since + timedelta(milliseconds=rng.randrange(round((until - since).total_seconds() * 1000)))
    if rng.random() < 0.05:
        # On the edge of a quarter of an hour, or just before it.
        edge = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        return edge - timedelta(milliseconds=rng.randrange(2))
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _seconds(rng: random.Random, mean: float) -> float:
    """Some on the limits that reports know."""
    if rng.random() < 0.05:
        return rng.choice([0.0, 5.0, 5.001, 20.0, 20.001, 19.999, 600.0, 900.0])
    return round(rng.expovariate(1 / mean), 3)


def _call(rng: random.Random, number: int, at: datetime) -> Fact:
    duration = _seconds(rng, 200)
    result = rng.choices(CALL_ENDS, [30, 40, 20, 5, 4, 1])[0]
    return {
        "id": f"call-{number}",
        "direction": rng.choices(["in", "out"], [9, 1])[0],
        "did": rng.choice(DIDS),
        "cli": "0612345678",
        "caller": "+33612345678",
        "channel": "sip/1",
        "scenario": rng.choice(["call_centre", "Call_Centre", ""]),
        "version": "1",
        "started": at,
        "answered": None if result == "rejected" else min(duration, round(rng.random(), 3)),
        "duration": duration,
        "keys": "",
        "result": result,
        "reason": None,
        "agent": rng.choice([*AGENTS, None]),
        "transferred_to": None,
        "warnings": "[]",
    }


def _search(rng: random.Random, number: int, at: datetime) -> Fact:
    outcome = rng.choices(SEARCH_ENDS, [70, 15, 6, 3, 2, 3, 1])[0]
    answered = outcome == "transferred"
    return {
        "id": f"search-{number}",
        "call": f"call-{number}",
        "node": "find",
        "centre": rng.choice(CENTRES),
        "method": "broadcast",
        "started": at,
        "waited": _seconds(rng, 25),
        "outcome": outcome,
        "agent": rng.choice(AGENTS) if answered else None,
        "talk": _seconds(rng, 180) if answered and rng.random() < 0.9 else None,
    }


def _offers(rng: random.Random, searches: Sequence[Fact]) -> Iterator[Fact]:
    for number, search in enumerate(searches):
        for part in range(rng.choice([0, 1, 1, 2])):
            outcome = rng.choice(OFFER_ENDS)
            yield {
                "id": f"offer-{number}-{part}",
                "call": search["call"],
                "search": search["id"],
                "agent": rng.choice(AGENTS),
                "centre": search["centre"],
                "manner": "all",
                "offered": search["started"] + timedelta(milliseconds=rng.randrange(20_000)),
                "answer": _seconds(rng, 5),
                "ended": _seconds(rng, 8),
                "outcome": outcome,
                "talk": _seconds(rng, 180) if outcome == "connected" and rng.random() < 0.9 else None,
            }


def _sessions(rng: random.Random, agent: str, since: datetime, until: datetime) -> Iterator[Fact]:
    at, number = since + timedelta(hours=rng.random() * 24), 0
    while at < until:
        duration = _seconds(rng, 6 * 3600)
        opened = at.replace(microsecond=at.microsecond // 1000 * 1000)
        number += 1
        yield {
            "id": f"session-{AGENTS.index(agent)}-{number}",
            "agent": agent,
            "extension": "17",
            "opened": opened,
            "duration": duration,
            "ending": "logged_out",
        }
        at = opened + timedelta(seconds=duration + rng.random() * 18 * 3600)


def _states(rng: random.Random, session: Fact, mean: float) -> Iterator[Fact]:
    at, left, number = session["opened"], round(session["duration"] * 1000), 0
    while left > 0:
        length = min(left, round(rng.expovariate(1 / mean) * 1000) + 1)
        number += 1
        state = _state(number, session["agent"], rng.choices(*DEEDS)[0], at, length / 1000)
        busy = state["state"] in ("offered", "connecting", "on_call", "wrap_up")
        yield {
            **state,
            "id": f"{session['id']}-{number}",
            "reason": rng.choice(REASONS) if state["state"] == "unavailable" else "",
            "centre": rng.choice([*CENTRES, ""]) if busy else "",
        }
        at, left = at + timedelta(milliseconds=length), left - length


def _state(number: int, agent: str, state: str, since: datetime, duration: float) -> Fact:
    return {
        "id": f"state-{number}",
        "agent": agent,
        "state": state,
        "reason": "",
        "call": "",
        "centre": "",
        "since": since,
        "duration": duration,
    }
