"""Puts a directory in the place of the one in the database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from engine.centres.difference import Change, differences, put_in_place
from engine.centres.directory import Agent, Directory
from engine.centres.passwords import hashed
from engine.records.people import People, Revision, Stored


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and to what. In `after`, a password in clear is one that is still to be hashed."""

    before: Stored
    after: Directory
    changes: list[Change]


async def plan(people: People, given: Directory, *, keep: bool = False) -> Plan:
    """What would have to be done for `given`; see `put_in_place`. Raises DatabaseError."""
    before = await people.load()
    after = await asyncio.to_thread(put_in_place, before.directory, given, keep=keep)
    return Plan(before, after, differences(before.directory, after))


async def carry_out(people: People, what: Plan) -> Revision:
    """Do it, wholly or not at all; nothing is written when there is nothing to do. Raises Outdated when the directory
    was changed after the plan was made, DatabaseError for what fails."""
    if not what.changes and what.before.revision.number:
        return what.before.revision
    return await people.store(what.before, await asyncio.to_thread(_hash_all, what.after))


def _hash_all(directory: Directory) -> Directory:
    agents = [_hash(agent) for agent in directory.agents]
    return directory.model_copy(update={"agents": agents})


def _hash(agent: Agent) -> Agent:
    if agent.password is None:
        return agent
    password_hash = hashed(agent.password.get_secret_value())
    return agent.model_copy(update={"password": None, "password_hash": password_hash})
