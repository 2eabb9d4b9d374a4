"""The tables of agents and centres, and what their rows mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Double, ForeignKey, Integer, RowMapping, String, Table, Text

from engine.centres.directory import CODE_LENGTH, NAME_LENGTH, Agent, Centre, Directory, ToCentre
from engine.centres.entries import duration
from engine.records.meta import META

SCHEMA = 1
"""The form of the tables below. A database with a greater number was written by a later version."""

PARTS = Table(
    "parts",
    META,
    Column("name", String(32), primary_key=True),
    Column("form", Integer, nullable=False),
    Column("born", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
)
"""What the database holds, in which form, since when (a text that no other database has), how often it changed."""
AGENTS = Table(
    "agents",
    META,
    Column("code", String(CODE_LENGTH), primary_key=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("login", String(16)),
    Column("phone", Text),
    Column("active", Boolean, nullable=False),
    Column("substitute_agent", String(CODE_LENGTH)),
    Column("substitute_centre", String(NAME_LENGTH)),
)
CENTRES = Table(
    "centres",
    META,
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("answer_delay", Double, nullable=False, doc="Seconds."),
    Column("search_order", String(16), nullable=False),
    Column("wrap_up", Double, nullable=False, doc="Seconds."),
    Column("ring", Text),
    Column("screen_pop", Text, doc="JSON: a URL, or a program and its arguments."),
)
MEMBERSHIPS = Table(
    "memberships",
    META,
    Column("centre", String(NAME_LENGTH), ForeignKey("centres.name"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("agent", String(CODE_LENGTH), ForeignKey("agents.code"), nullable=False),
)

Rows = Sequence[RowMapping]


def directory_of(agents: Rows, centres: Rows, memberships: Rows) -> Directory:
    """The directory that rows make; memberships by position. Raises ValueError when they make none."""
    members: dict[str, list[str]] = {row["name"]: [] for row in centres}
    for row in memberships:
        members[row["centre"]].append(row["agent"])
    return Directory(
        agents=[_agent(row) for row in agents],
        centres=[_centre(row, members[row["name"]]) for row in centres],
    )


def agent_row(agent: Agent) -> dict[str, Any]:
    """The row of an agent."""
    substitute = agent.substitute
    return {
        **agent.model_dump(exclude={"password", "substitute"}),
        "substitute_agent": substitute if isinstance(substitute, str) else None,
        "substitute_centre": substitute.centre if isinstance(substitute, ToCentre) else None,
    }


def centre_row(centre: Centre) -> dict[str, Any]:
    """The row of a centre, without its agents."""
    screen_pop = None if centre.screen_pop is None else json.dumps(centre.screen_pop, ensure_ascii=False)
    row = centre.model_dump(exclude={"agents", "order", "screen_pop"})
    return {**row, "search_order": centre.order, "screen_pop": screen_pop}


def membership_rows(centre: Centre) -> list[dict[str, Any]]:
    """The rows of a centre's agents."""
    return [
        {"centre": centre.name, "position": position, "agent": code} for position, code in enumerate(centre.agents)
    ]


def _agent(row: RowMapping) -> Agent:
    entry = dict(row)
    agent, centre = entry.pop("substitute_agent"), entry.pop("substitute_centre")
    return Agent.model_validate({**entry, "substitute": {"centre": centre} if centre is not None else agent})


def _centre(row: RowMapping, agents: list[str]) -> Centre:
    entry = dict(row)
    order, screen_pop = entry.pop("search_order"), entry.pop("screen_pop")
    return Centre.model_validate(
        {
            **entry,
            "agents": agents,
            "order": order,
            "answer_delay": duration(row["answer_delay"]),
            "wrap_up": duration(row["wrap_up"]),
            "screen_pop": None if screen_pop is None else json.loads(screen_pop),
        }
    )
